"""Adding the ledger to the totals, in the background: any number of processes, each row once."""

import asyncio
import logging

from sqlalchemy import BigInteger, bindparam, text

from app.errors import StoreUnavailable
from app.stores.postgres import Postgres

# What one transaction counts: its users' totals stay locked meanwhile.
_BATCH = 5_000

_log = logging.getLogger(__name__)

# One statement, so that a row is marked as counted and counted, or neither. Two counters take
# different rows, and lock the totals of the same users in the same order.
_COUNT = text(
    """
    WITH batch AS (
      SELECT id FROM usage_ledger WHERE counted_at IS NULL
      ORDER BY created_at LIMIT :limit FOR UPDATE SKIP LOCKED
    ), entry AS (
      UPDATE usage_ledger SET counted_at = now() FROM batch WHERE usage_ledger.id = batch.id
      RETURNING user_id, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month_year,
        messages, conversations, tokens
    ), month AS (
      SELECT user_id, month_year, sum(messages) AS messages,
        sum(conversations) AS conversations, sum(tokens) AS tokens
      FROM entry GROUP BY user_id, month_year
    ), monthly AS (
      INSERT INTO monthly_usage AS m (user_id, month_year, messages, conversations, tokens)
      SELECT user_id, month_year, messages, conversations, tokens FROM month
      ORDER BY user_id, month_year
      ON CONFLICT (user_id, month_year) DO UPDATE SET
        messages = m.messages + excluded.messages,
        conversations = m.conversations + excluded.conversations,
        tokens = m.tokens + excluded.tokens,
        updated_at = now()
    ), newest AS (
      SELECT DISTINCT ON (user_id) user_id, month_year, messages, tokens
      FROM month ORDER BY user_id, month_year DESC
    ), total AS (
      SELECT user_id, sum(messages) AS messages, sum(conversations) AS conversations,
        sum(tokens) AS tokens
      FROM month GROUP BY user_id
    ), stats AS (
      INSERT INTO user_usage_stats AS s (user_id, total_messages, total_conversations,
        total_tokens_used, monthly_messages, monthly_tokens, month_year)
      SELECT user_id, total.messages, total.conversations, total.tokens,
        newest.messages, newest.tokens, newest.month_year
      FROM total JOIN newest USING (user_id) ORDER BY user_id
      ON CONFLICT (user_id) DO UPDATE SET
        total_messages = s.total_messages + excluded.total_messages,
        total_conversations = s.total_conversations + excluded.total_conversations,
        total_tokens_used = s.total_tokens_used + excluded.total_tokens_used,
        monthly_messages = excluded.monthly_messages * (excluded.month_year >= s.month_year)::int
          + s.monthly_messages * (excluded.month_year <= s.month_year)::int,
        monthly_tokens = excluded.monthly_tokens * (excluded.month_year >= s.month_year)::int
          + s.monthly_tokens * (excluded.month_year <= s.month_year)::int,
        month_year = greatest(s.month_year, excluded.month_year),
        updated_at = now()
    )
    SELECT count(*) FROM entry
    """
).bindparams(bindparam("limit", type_=BigInteger))


async def count_entries(main: Postgres, limit: int = _BATCH) -> int:
    """Add the oldest entries of the ledger that nobody has counted to the totals.

    Returns:
        How many were added; 0 also where other counters have taken the rest.

    Raises:
        StoreUnavailable: The database does not answer; nothing is lost or counted twice.
    """
    async with main.begin() as tx:
        counted: int = (await tx.execute(_COUNT, {"limit": limit})).scalar_one()
    return counted


async def keep_counting(main: Postgres, interval: float) -> None:
    """Count every `interval` seconds whatever there is, until cancelled."""
    while True:
        await asyncio.sleep(interval)
        try:
            while await count_entries(main) == _BATCH:
                pass
        except StoreUnavailable as error:
            _log.warning("%s; usage is counted later", error)
        except Exception:  # noqa: BLE001 - logged; the next round tries again
            _log.exception("usage was not counted; it is tried again")
