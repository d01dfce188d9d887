"""Whether a trail is what was written: nothing edited, missing, moved, added or cut off."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Text, and_, cast, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.checkpoints import Checkpoint, read_checkpoints
from app.audit.models import Trail
from app.stores.postgres import Postgres

GENESIS = bytes(32)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CONTENT = (
    "actor_id",
    "action",
    "entity_type",
    "entity_id",
    "before",
    "after",
    "request_id",
    "ip_address",
)


@dataclass(slots=True)
class Verdict:
    """What was found in one trail.

    Attributes:
        trail: Whose chain.
        links: How many links follow from each other.
        pruned: How many of their changes were dropped with their month.
        checkpoints: How many signed checkpoints agree.
        signed: The last place that one of them vouches for.
        fault: The first thing that is wrong; None if nothing is.
    """

    trail: str
    links: int = 0
    pruned: int = 0
    checkpoints: int = 0
    signed: int = 0
    fault: str | None = None


class _Fault(Exception):
    """The chain is not what was written."""


async def verify_trail(
    trail: Trail,
    own: Postgres,
    other: Postgres,
    keys: Sequence[Ed25519PublicKey],
    *,
    kept: Sequence[Checkpoint] = (),
) -> Verdict:
    """Walk a chain from its first link, against its changes and its checkpoints.

    Args:
        trail: Whose chain.
        own: The database that the chain is in.
        other: The database that keeps its checkpoints.
        keys: The server's public keys, of now and before.
        kept: Checkpoints of this trail that somebody kept elsewhere.

    Returns:
        What was found; it stops at the first fault.

    Raises:
        StoreUnavailable: A database does not answer.
    """
    verdict = Verdict(trail.name)
    # Before the snapshot of the chain, so that it is never behind them.
    checkpoints = [*await read_checkpoints(trail, other), *kept]
    async with own.begin() as tx:
        await tx.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        try:
            _check_signatures(checkpoints, keys)
            await _walk(tx, trail, checkpoints, verdict)
            await _check_unlinked(tx, trail)
        except _Fault as fault:
            verdict.fault = str(fault)
    return verdict


def _check_signatures(checkpoints: Sequence[Checkpoint], keys: Sequence[Ed25519PublicKey]) -> None:
    for checkpoint in checkpoints:
        if not checkpoint.is_signed_by(keys):
            raise _Fault(
                f"the checkpoint at place {checkpoint.seq:,} of {checkpoint.signed_at:%F %T} is"
                " not signed by this server"
            )


async def _walk(
    tx: AsyncConnection, trail: Trail, checkpoints: Sequence[Checkpoint], verdict: Verdict
) -> None:
    pruned_before = max((c.pruned_before for c in checkpoints if c.pruned_before), default=_EPOCH)
    vouched: dict[int, list[bytes]] = {}
    for checkpoint in checkpoints:
        vouched.setdefault(checkpoint.seq, []).append(checkpoint.hash)
    before = GENESIS
    link, event = trail.links, trail.events
    columns: list[Any] = [link.seq, link.event_id, link.created_at, link.digest, link.hash]
    columns += [event.id, *(cast(getattr(event, name), Text) for name in _CONTENT)]
    same = and_(event.id == link.event_id, event.created_at == link.created_at)
    statement = select(*columns)
    joined = statement.join_from(link, event, same, isouter=True).order_by(link.seq)
    _check_vouched(0, before, vouched, verdict)
    async with tx.stream(joined) as rows:
        async for row in rows:
            seq, event_id, moment, digest, hash_, found, *content = row
            name = f"change {event_id} at place {verdict.links + 1:,}"
            if seq != verdict.links + 1:
                raise _Fault(f"place {verdict.links + 1:,} is missing; place {seq:,} comes next")
            if found is None and moment >= pruned_before:
                raise _Fault(f"{name} is gone")
            if found is not None and digest_of(content) != digest:
                raise _Fault(f"{name} was edited")
            before = hash_of(before, seq, event_id, moment, digest)
            if before != hash_:
                raise _Fault(f"{name} does not follow from the one before")
            _check_vouched(seq, before, vouched, verdict)
            verdict.links = seq
            verdict.pruned += found is None
    if vouched:
        raise _Fault(
            f"the chain ends at place {verdict.links:,}, and a checkpoint was signed at place"
            f" {max(vouched):,}: its end was cut off"
        )
    head = (await tx.execute(select(trail.head.seq, trail.head.hash))).one_or_none()
    if head is None or tuple(head) != (verdict.links, before):
        raise _Fault(f"the chain ends at place {verdict.links:,}, and its head says otherwise")


def _check_vouched(
    seq: int, hash_: bytes, vouched: dict[int, list[bytes]], verdict: Verdict
) -> None:
    for signed in vouched.pop(seq, ()):
        if signed != hash_:
            raise _Fault(f"place {seq:,} is not what a checkpoint signed: the chain was rewritten")
        verdict.checkpoints += 1
        verdict.signed = seq


async def _check_unlinked(tx: AsyncConnection, trail: Trail) -> None:
    link, event = trail.links, trail.events
    same = and_(event.id == link.event_id, event.created_at == link.created_at)
    alone = select(event.id).outerjoin(link, same).where(link.seq.is_(None))
    added = (await tx.execute(alone.order_by(event.created_at).limit(1))).scalar()
    if added is not None:
        raise _Fault(f"change {added} is in no place of the chain: it was added")


def digest_of(content: Sequence[str | None]) -> bytes:
    """The SHA-256 of a change's columns as PostgreSQL writes them, each behind its length."""
    parts = ("-" if part is None else f"{len(part.encode())}:{part}" for part in content)
    return hashlib.sha256(",".join(parts).encode()).digest()


def hash_of(before: bytes, seq: int, event_id: Any, moment: datetime, digest: bytes) -> bytes:
    """The SHA-256 of a link: of the hash before it, its place, change, moment and digest."""
    place = f"{seq},{event_id},{(moment - _EPOCH) // timedelta(microseconds=1)},"
    return hashlib.sha256(before + place.encode() + digest).digest()
