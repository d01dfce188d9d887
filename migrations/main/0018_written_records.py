"""Whoever changes a product or a membership is told which, so that no cache keeps it."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_KEYS = {
    "products": "'product:' || id",
    "group_members": "'membership:' || group_id || ':' || user_id",
}


def upgrade() -> None:
    for table, key in _KEYS.items():
        # INFO is for the client alone, whatever it or the server's log leaves out.
        op.execute(
            f"""
            CREATE FUNCTION tell_written_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE keys text;
            BEGIN
              SELECT json_agg({key}) INTO keys FROM written;
              IF keys IS NOT NULL THEN
                RAISE INFO 'written' USING DETAIL = keys;
              END IF;
              RETURN NULL;
            END $$
            """  # noqa: S608 - names of this file
        )
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_tell_{change.lower()} AFTER {change} ON {table}"
                " REFERENCING OLD TABLE AS written"
                f" FOR EACH STATEMENT EXECUTE FUNCTION tell_written_{table}()"
            )


def downgrade() -> None:
    for table in _KEYS:
        for change in ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_tell_{change} ON {table}")
        op.execute(f"DROP FUNCTION tell_written_{table}()")
