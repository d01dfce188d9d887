"""Writing and reading a feed: dense numbers, given out under its head's lock."""

from dataclasses import dataclass, fields

from sqlalchemy import ARRAY, Text, any_, bindparam, insert, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from app.feeds.models import FeedEntry, FeedHead
from app.stores.postgres import Postgres, Read, publish_after_commit

_H = FeedHead.__table__.c
_E = FeedEntry.__table__.c


@dataclass(frozen=True, slots=True)
class Fact:
    """One entry of a feed."""

    seq: int
    kind: str
    subject_id: str
    actor_id: int | None


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
