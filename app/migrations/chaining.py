"""The SQL that chains a table of changes and lets it only grow, frozen with its migrations.

The trail is `""` for the main database's tables and `"auth_"` for the auth database's.
"""

# ruff: noqa: S608 - nothing in it comes from outside

from typing import Literal

Trail = Literal["", "auth_"]


def chain(trail: Trail, schema: str) -> list[str]:
    """The statements that chain `{trail}audit_events`, its rows of before included.

    A deferred trigger appends a change's link while its transaction commits: the head's lock is
    held for that moment alone, and never before another lock. The functions run as their owner,
    so that whoever may insert a change can write no link.

    Args:
        trail: Whose events, links and head.
        schema: The schema's name, quoted, in which the functions look for them.
    """
    path = f"SET search_path = {schema}, pg_temp"
    content = (
        "{0}actor_id::text, {0}action, {0}entity_type, {0}entity_id,"
        " {0}before::text, {0}after::text, {0}request_id, {0}ip_address::text"
    )
    return [
        f"INSERT INTO {trail}audit_head VALUES (1, 0, decode(repeat('00', 32), 'hex'))",
        f"""CREATE FUNCTION {trail}audit_append(event uuid, moment timestamptz, content text[])
        RETURNS void LANGUAGE plpgsql {path} AS $$
        DECLARE
            place text := (extract(epoch FROM moment) * 1000000)::bigint::text;
            digest bytea;
            head {trail}audit_head;
        BEGIN
            SELECT sha256(convert_to(string_agg(
                coalesce(octet_length(convert_to(value, 'UTF8')) || ':' || value, '-'),
                ',' ORDER BY n), 'UTF8'))
            INTO digest FROM unnest(content) WITH ORDINALITY AS given(value, n);
            SELECT * INTO STRICT head FROM {trail}audit_head FOR UPDATE;
            head.seq := head.seq + 1;
            head.hash := sha256(head.hash || convert_to(
                head.seq || ',' || event || ',' || place || ',', 'UTF8') || digest);
            INSERT INTO {trail}audit_links VALUES (head.seq, event, moment, digest, head.hash);
            UPDATE {trail}audit_head SET seq = head.seq, hash = head.hash;
        END $$""",
        f"""CREATE FUNCTION {trail}audit_link() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER {path} AS $$
        BEGIN
            PERFORM {trail}audit_append(
                NEW.id, NEW.created_at, ARRAY[{content.format("NEW.")}]);
            RETURN NULL;
        END $$""",
        f"""CREATE FUNCTION {trail}audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP
                USING ERRCODE = 'restrict_violation';
        END $$""",
        *(
            f"REVOKE EXECUTE ON FUNCTION {trail}audit_{function} FROM PUBLIC"
            for function in ("append(uuid, timestamptz, text[])", "link()", "refuse()")
        ),
        f"""SELECT {trail}audit_append(id, created_at, ARRAY[{content.format("")}])
        FROM (SELECT * FROM {trail}audit_events ORDER BY created_at, id) AS earlier""",
        f"""CREATE CONSTRAINT TRIGGER append_link AFTER INSERT ON {trail}audit_events
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {trail}audit_link()""",
        # Partitions inherit triggers by row, and none by statement: TRUNCATE's are put on each.
        f"""CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON {trail}audit_events
        FOR EACH ROW EXECUTE FUNCTION {trail}audit_refuse()""",
        f"""DO $$
        DECLARE partition regclass;
        BEGIN
            FOR partition IN SELECT relid FROM pg_partition_tree('{trail}audit_events') LOOP
                EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %s'
                    ' FOR EACH STATEMENT EXECUTE FUNCTION {trail}audit_refuse()', partition);
            END LOOP;
        END $$""",
        _refuse(f"{trail}audit_links", trail, "UPDATE OR DELETE OR TRUNCATE"),
        _refuse(f"{trail}audit_head", trail, "DELETE OR TRUNCATE"),
    ]


def keep_checkpoints(table: str, trail: Trail) -> str:
    """The statement that lets a table of the other database's checkpoints only grow."""
    return _refuse(table, trail, "UPDATE OR DELETE OR TRUNCATE")


def unchain(trail: Trail) -> list[str]:
    """The statements that take the triggers and functions away; the tables are the caller's."""
    return [
        f"DROP FUNCTION {trail}audit_refuse() CASCADE",
        f"DROP FUNCTION {trail}audit_link() CASCADE",
        f"DROP FUNCTION {trail}audit_append(uuid, timestamptz, text[])",
    ]


def _refuse(table: str, trail: Trail, what: str) -> str:
    return (
        f"CREATE TRIGGER refuse_change BEFORE {what} ON {table}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {trail}audit_refuse()"
    )
