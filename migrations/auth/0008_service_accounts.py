"""Service accounts: a role for the accounts of programs."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_WHENEVER = """
CREATE TRIGGER users_end_sessions
AFTER UPDATE OF role, is_active, status, deleted_at ON users FOR EACH ROW
WHEN (OLD.role <> NEW.role
   OR OLD.is_active AND NOT NEW.is_active
   OR OLD.status <> 'inactive' AND NEW.status = 'inactive'
   OR OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL)
EXECUTE FUNCTION end_sessions_of_user()
"""


def upgrade() -> None:
    op.execute("ALTER TYPE user_role ADD VALUE 'service'")


def downgrade() -> None:
    # What they wrote stays theirs; their keys end, and nobody signs in as one of them.
    op.execute("UPDATE users SET role = 'user', is_active = false WHERE role = 'service'")
    # A value leaves a type only with the type, and the trigger names the column.
    op.execute("DROP TRIGGER users_end_sessions ON users")
    op.execute("ALTER TABLE users ALTER COLUMN role DROP DEFAULT")
    op.execute("ALTER TYPE user_role RENAME TO user_role_with_service")
    op.execute("CREATE TYPE user_role AS ENUM ('moderator', 'admin', 'user')")
    op.execute("ALTER TABLE users ALTER COLUMN role TYPE user_role USING role::text::user_role")
    op.execute("ALTER TABLE users ALTER COLUMN role SET DEFAULT 'user'")
    op.execute("DROP TYPE user_role_with_service")
    op.execute(_WHENEVER)
