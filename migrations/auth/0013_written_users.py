"""Whoever changes a user is told which, with the statement's answer, so that no cache keeps it."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# INFO is for the client alone, whatever it or the server's log leaves out.
_TELL = """
CREATE FUNCTION tell_written_users() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE keys text;
BEGIN
  SELECT json_agg('user:' || id) INTO keys FROM written;
  IF keys IS NOT NULL THEN
    RAISE INFO 'written' USING DETAIL = keys;
  END IF;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute(_TELL)
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER users_tell_{change.lower()} AFTER {change} ON users"
            " REFERENCING OLD TABLE AS written"
            " FOR EACH STATEMENT EXECUTE FUNCTION tell_written_users()"
        )


def downgrade() -> None:
    for change in ("update", "delete"):
        op.execute(f"DROP TRIGGER users_tell_{change} ON users")
    op.execute("DROP FUNCTION tell_written_users()")
