"""Usage counted anew from the log, which is the truth of it."""

from dataclasses import dataclass

from sqlalchemy import text

from app.stores.postgres import Postgres

# What the ledger should hold. An answer is used by whose conversation it is in; what the system
# says is used by nobody.
_LOG = """
    SELECT m.id, CASE m.role WHEN 'assistant' THEN c.created_by ELSE m.sender_id END AS user_id,
      m.conversation_id, 1 AS messages, 0 AS conversations, coalesce(m.tokens, 0) AS tokens,
      m.created_at
    FROM messages m JOIN conversations c ON c.id = m.conversation_id
    WHERE m.kind = 'message' AND (m.role = 'assistant' OR m.sender_id IS NOT NULL)
    UNION ALL
    SELECT id, created_by, id, 0, 1, 0, created_at FROM conversations
"""
_COLUMNS = "id, user_id, conversation_id, messages, conversations, tokens, created_at"
_MONTH = "to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month_year"
_SUMS = (
    "sum(messages)::bigint AS messages, sum(conversations)::bigint AS conversations,"
    " sum(tokens)::bigint AS tokens"
)

_RECOUNT = [
    # The lock comes before the snapshot, which so holds all that was counted; and no counter goes
    # on before the end, since each locks the same table before it takes a row.
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "LOCK TABLE user_usage_stats IN SHARE ROW EXCLUSIVE MODE",
    f"CREATE TEMPORARY TABLE log ON COMMIT DROP AS {_LOG}",
    "DELETE FROM usage_ledger u WHERE NOT EXISTS (SELECT FROM log WHERE log.id = u.id)",
    f"""
    INSERT INTO usage_ledger AS u ({_COLUMNS}) SELECT {_COLUMNS} FROM log
    ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id,
      conversation_id = excluded.conversation_id, messages = excluded.messages,
      conversations = excluded.conversations, tokens = excluded.tokens,
      created_at = excluded.created_at
    WHERE (u.user_id, u.conversation_id, u.messages, u.conversations, u.tokens, u.created_at)
      <> (excluded.user_id, excluded.conversation_id, excluded.messages, excluded.conversations,
          excluded.tokens, excluded.created_at)
    """,  # noqa: S608
    "UPDATE usage_ledger SET counted_at = now() WHERE counted_at IS NULL",
    "DELETE FROM monthly_usage",
    f"""
    INSERT INTO monthly_usage (user_id, month_year, messages, conversations, tokens)
    SELECT user_id, {_MONTH}, {_SUMS} FROM log GROUP BY 1, 2
    """,  # noqa: S608
    "DELETE FROM user_usage_stats",
    f"""
    INSERT INTO user_usage_stats (user_id, total_messages, total_conversations,
      total_tokens_used, month_year, monthly_messages, monthly_tokens)
    SELECT t.user_id, t.messages, t.conversations, t.tokens, m.month_year, m.messages, m.tokens
    FROM (SELECT user_id, max(month_year) AS month_year, {_SUMS} FROM monthly_usage GROUP BY 1) t
    JOIN monthly_usage m USING (user_id, month_year)
    """,  # noqa: S608
]

# What is counted, or waits for it, of each month, and each user's totals, beside what should be.
_COMPARE = text(
    f"""
    WITH log AS (SELECT user_id, {_MONTH}, {_SUMS} FROM ({_LOG}) AS entry GROUP BY 1, 2),
    waiting AS (
      SELECT user_id, {_MONTH}, messages, conversations, tokens FROM usage_ledger
      WHERE counted_at IS NULL
    ), month AS (
      SELECT user_id, month_year, messages, conversations, tokens FROM monthly_usage
    ), said AS (
      SELECT user_id, month_year, {_SUMS} FROM (TABLE month UNION ALL TABLE waiting) AS part
      GROUP BY 1, 2
    ), newest AS (
      SELECT DISTINCT ON (user_id) user_id, month_year, messages, tokens
      FROM month ORDER BY user_id, month_year DESC
    ), total AS (SELECT user_id, {_SUMS} FROM month GROUP BY 1)
    SELECT user_id, month_year, to_jsonb(log), to_jsonb(said)
    FROM log FULL JOIN said USING (user_id, month_year)
    WHERE to_jsonb(log) IS DISTINCT FROM to_jsonb(said)
    UNION ALL
    SELECT user_id, 'in total',
      jsonb_build_array(total.messages, total.conversations, total.tokens,
        newest.month_year, newest.messages, newest.tokens),
      jsonb_build_array(s.total_messages, s.total_conversations, s.total_tokens_used,
        s.month_year, s.monthly_messages, s.monthly_tokens)
    FROM (total JOIN newest USING (user_id)) FULL JOIN user_usage_stats s USING (user_id)
    WHERE (total.messages, total.conversations, total.tokens,
        newest.month_year, newest.messages, newest.tokens)
      IS DISTINCT FROM (s.total_messages, s.total_conversations, s.total_tokens_used,
        s.month_year, s.monthly_messages, s.monthly_tokens)
    ORDER BY 1, 2
    """  # noqa: S608 - our own words
)


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the counts are not what the log says.

    Attributes:
        user_id: Whose.
        period: A month such as `2026-07`, or `in total`, where the months say otherwise.
        expected: By the log, or by the months.
        found: What is counted.
    """

    user_id: int
    period: str
    expected: object
    found: object


async def recount(main: Postgres) -> None:
    """Make the ledger, the months and the totals what the log says; sends go on meanwhile.

    Raises:
        StoreUnavailable: The database does not answer; nothing is changed.
    """
    async with main.begin() as tx:
        for statement in _RECOUNT:
            await tx.execute(text(statement))


async def differences(main: Postgres) -> list[Difference]:
    """Where the counts are not what the log says, at one moment.

    What is committed and not counted yet is no difference.

    Raises:
        StoreUnavailable: The database does not answer.
    """
    async with main.begin() as tx:
        return [Difference(*row) for row in await tx.execute(_COMPARE)]
