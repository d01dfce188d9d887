"""Signed statements of where a chain stands, kept in the other database.

Whoever may write to one database can rewrite its chain from any place on; not the server's
signatures, nor what the other database holds of them.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from sqlalchemy import insert, select

from app.audit.models import AUTH, MAIN, Database, Trail
from app.errors import OperatorError, StoreUnavailable
from app.stores.postgres import Postgres

# No token begins like this: what is signed here can be nothing else.
_PURPOSE = b"isthmus audit checkpoint 1\n"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """That a chain's link at `seq` has this hash.

    Attributes:
        trail: Whose chain.
        seq: The place; 0 for an empty chain.
        hash: The hash, 32 bytes.
        pruned_before: Changes made before this may be gone, for their month was dropped.
        signed_at: When.
        signature: The server's, Ed25519, 64 bytes.
    """

    trail: Database
    seq: int
    hash: bytes
    pruned_before: datetime | None
    signed_at: datetime
    signature: bytes = b""

    def is_signed_by(self, keys: Sequence[Ed25519PublicKey]) -> bool:
        """Whether one of the keys signed it."""
        return any(self._holds(key) for key in keys)

    def signed(self, key: Ed25519PrivateKey) -> "Checkpoint":
        """The same, signed."""
        values = self.trail, self.seq, self.hash, self.pruned_before, self.signed_at
        return Checkpoint(*values, key.sign(self._statement()))

    def to_json(self) -> str:
        """One line, from which `checkpoint_from_json` makes it again."""
        return orjson.dumps(self._values() | {"signature": self.signature.hex()}).decode()

    def _holds(self, key: Ed25519PublicKey) -> bool:
        try:
            key.verify(self.signature, self._statement())
        except InvalidSignature:
            return False
        return True

    def _statement(self) -> bytes:
        return _PURPOSE + orjson.dumps(self._values(), option=orjson.OPT_SORT_KEYS)

    def _values(self) -> dict[str, object]:
        pruned = self.pruned_before
        return {
            "trail": self.trail,
            "seq": self.seq,
            "hash": self.hash.hex(),
            "prunedBefore": None if pruned is None else pruned.astimezone(UTC).isoformat(),
            "signedAt": self.signed_at.astimezone(UTC).isoformat(),
        }


def checkpoint_from_json(line: str) -> Checkpoint:
    """The checkpoint that a line holds, which somebody kept elsewhere; its signature unchecked.

    Raises:
        OperatorError: It holds none.
    """
    try:
        values = orjson.loads(line)
        pruned = values["prunedBefore"]
        return Checkpoint(
            {"main": MAIN, "auth": AUTH}[values["trail"]].name,
            int(values["seq"]),
            bytes.fromhex(values["hash"]),
            None if pruned is None else datetime.fromisoformat(pruned),
            datetime.fromisoformat(values["signedAt"]),
            bytes.fromhex(values["signature"]),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise OperatorError(f"this line is no checkpoint: {line.strip()[:80]!r}") from error


async def write_checkpoint(
    trail: Trail,
    own: Postgres,
    other: Postgres,
    key: Ed25519PrivateKey,
    *,
    pruned_before: datetime | None = None,
) -> Checkpoint | None:
    """Sign where a chain stands; None where the last checkpoint says it already.

    Args:
        trail: Whose chain.
        own: The database that the chain is in.
        other: The database that keeps the checkpoint.
        key: The server's.
        pruned_before: Sign also that changes before this may be gone.

    Raises:
        StoreUnavailable: A database does not answer.
    """
    async with own.begin() as tx:
        head = (await tx.execute(select(trail.head.seq, trail.head.hash))).one()
    known = trail.checkpoints
    async with other.begin() as tx:
        newest = select(known.hash).order_by(known.seq.desc(), known.signed_at.desc()).limit(1)
        if pruned_before is None and (await tx.execute(newest)).scalar() == head.hash:
            return None
        made = Checkpoint(trail.name, head.seq, head.hash, pruned_before, datetime.now(UTC))
        made = made.signed(key)
        await tx.execute(
            insert(known).values(
                seq=made.seq,
                hash=made.hash,
                pruned_before=made.pruned_before,
                signed_at=made.signed_at,
                signature=made.signature,
            )
        )
    return made


async def read_checkpoints(trail: Trail, other: Postgres) -> list[Checkpoint]:
    """Every checkpoint of a chain, by place; signatures unchecked."""
    known = trail.checkpoints
    columns = known.seq, known.hash, known.pruned_before, known.signed_at, known.signature
    async with other.begin() as tx:
        rows = await tx.execute(select(*columns).order_by(known.seq, known.signed_at))
        return [Checkpoint(trail.name, *row) for row in rows]


async def keep_checkpoints(
    main: Postgres, auth: Postgres, key: Ed25519PrivateKey, interval: float
) -> None:
    """Sign both chains every `interval` seconds, where they grew, until cancelled."""
    while True:
        await asyncio.sleep(interval)
        for trail, own, other in ((MAIN, main, auth), (AUTH, auth, main)):
            try:
                made = await write_checkpoint(trail, own, other, key)
            except StoreUnavailable as error:
                _log.warning("%s; the audit's checkpoint waits", error)
            except Exception:  # noqa: BLE001 - logged; the next round tries again
                _log.exception("the audit's checkpoint was not written")
            else:
                if made is not None:
                    # A copy out of both databases' reach, wherever logs are kept.
                    _log.info("audit checkpoint %s", made.to_json())
