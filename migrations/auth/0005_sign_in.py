"""Signing in: codes for addresses without an account, and sessions that end with their user."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# In the database, so that no way to ban somebody or to take a role away leaves a session open.
_END_SESSIONS = """
CREATE FUNCTION end_sessions_of_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE user_sessions
     SET ended_at = greatest(clock_timestamp(), started_at),
         metadata = metadata || jsonb_build_object('end',
           CASE WHEN NEW.is_active AND NEW.status <> 'inactive' AND NEW.deleted_at IS NULL
                THEN 'ROLE_CHANGED' ELSE 'DEACTIVATED' END)
   WHERE user_id = NEW.id AND ended_at IS NULL;
  UPDATE tokens SET revoked_at = now() WHERE user_id = NEW.id AND revoked_at IS NULL;
  RETURN NULL;
END $$
"""
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
    op.alter_column("user_verifications", "user_id", nullable=True)
    # Codes that are under way hold no longer: they live for minutes.
    op.execute("DELETE FROM user_verifications")
    op.add_column("user_verifications", sa.Column("subject", sa.LargeBinary(), nullable=False))
    op.add_column("user_verifications", sa.Column("claim", sa.LargeBinary()))
    op.create_index(
        "ix_user_verifications_subject_created_at", "user_verifications", ["subject", "created_at"]
    )
    op.create_index(
        "ix_user_sessions_user_id_started_at_id", "user_sessions", ["user_id", "started_at", "id"]
    )
    op.create_index(
        "ix_user_sessions_ended_at",
        "user_sessions",
        ["ended_at"],
        postgresql_where=sa.text("ended_at IS NOT NULL"),
    )
    op.execute(_END_SESSIONS)
    op.execute(_WHENEVER)


def downgrade() -> None:
    op.execute("DROP TRIGGER users_end_sessions ON users")
    op.execute("DROP FUNCTION end_sessions_of_user()")
    op.drop_index("ix_user_sessions_ended_at", "user_sessions")
    op.drop_index("ix_user_sessions_user_id_started_at_id", "user_sessions")
    op.drop_index("ix_user_verifications_subject_created_at", "user_verifications")
    op.drop_column("user_verifications", "claim")
    op.drop_column("user_verifications", "subject")
    op.execute("DELETE FROM user_verifications WHERE user_id IS NULL")
    op.alter_column("user_verifications", "user_id", nullable=False)
