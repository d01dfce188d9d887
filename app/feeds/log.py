"""Writing and reading a feed: dense numbers, given out under its head's lock."""

from dataclasses import dataclass, fields
from datetime import timedelta

from sqlalchemy import ARRAY, Text, any_, bindparam, delete, func, insert, select, tuple_
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from app.feeds.models import FeedEntry, FeedHead
from app.stores.postgres import Postgres, Read, publish_after_commit

# The kind of a fact that no feed holds: it stands for some that are missed.
REFETCH_NEEDED = "refetch_needed"

_AT_ONCE = 1_000  # facts forgotten in one transaction
_H = FeedHead.__table__.c
_E = FeedEntry.__table__.c


@dataclass(frozen=True, slots=True)
class Fact:
    """One entry of a feed, or what stands for entries that are told no more."""

    seq: int
    kind: str
    subject_id: str
    actor_id: int | None

    @property
    def is_gap(self) -> bool:
        """Whether it stands for others: whoever follows has to look at everything anew."""
        return self.kind == REFETCH_NEEDED


_AFTER = Read(
    select(*(_E[f.name] for f in fields(Fact)))
    .where(_E.feed == bindparam("feed"), _E.seq > bindparam("after"))
    .order_by(_E.seq)
    .limit(bindparam("limit"))
)
_HEADS = Read(
    select(_H.feed, _H.last_seq).where(_H.feed == any_(bindparam("feeds", type_=ARRAY(Text))))
)


def feed_channel(feed: str) -> str:
    """Where it is published that a feed has grown."""
    return f"feed:{feed}"


async def append(
    tx: AsyncConnection, feed: str, kind: str, subject_id: str, actor_id: int | None
) -> None:
    """Add a fact, told to whoever follows when the transaction has committed.

    The feed's head is locked until then: call this last, after every other lock.
    """
    grown = postgresql.insert(FeedHead).values(feed=feed, last_seq=1)
    grown = grown.on_conflict_do_update(
        index_elements=[_H.feed], set_={"last_seq": _H.last_seq + 1}
    )
    seq = (await tx.execute(grown.returning(_H.last_seq))).scalar_one()
    fact = {"kind": kind, "subject_id": subject_id, "actor_id": actor_id}
    await tx.execute(insert(FeedEntry).values(feed=feed, seq=seq, **fact))
    publish_after_commit(tx, feed_channel(feed), b"%d" % seq)


async def facts_after(main: Postgres, feed: str, seq: int, limit: int) -> list[Fact]:
    """The facts that follow a place, in order."""
    rows = await main.fetch(_AFTER, feed=feed, after=seq, limit=limit)
    return [Fact(*row) for row in rows]


async def heads(main: Postgres, feeds: list[str]) -> dict[str, int]:
    """The last place of each feed; a feed without facts is left out."""
    return {row[0]: row[1] for row in await main.fetch(_HEADS, feeds=feeds)}


async def forget_facts(main: Postgres, kept: timedelta) -> None:
    """Forget, a batch at a time, the facts that are older than what is kept.

    Numbers stay dense: whoever comes back from before sees by them that some are gone.

    Raises:
        StoreUnavailable: The database does not answer; what is left is forgotten next time.
    """
    key = (_E.feed, _E.seq)
    old = (
        select(*key)
        .where(_E.created_at < func.now() - kept)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)  # another process is at it, too
    )
    forgotten = _AT_ONCE
    while forgotten == _AT_ONCE:
        async with main.begin() as tx:
            done = await tx.execute(delete(FeedEntry).where(tuple_(*key).in_(old)))
            forgotten = done.rowcount
