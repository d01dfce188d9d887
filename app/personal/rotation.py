"""Sealing anew what is sealed under former keys, while reads and writes go on."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import LargeBinary, RowMapping, bindparam, case, func, select, update

from app.personal.erased import Stores
from app.sealing import Keyring, key_of
from app.stores.tables import AuthBase
from app.users.models import User
from app.users.personal import SEALED

_BATCH = 500
_NAME = slice(1, 5)  # of a key, in a sealed value; PostgreSQL counts from one

_USERS = AuthBase.metadata.tables[User.__tablename__]
_U = _USERS.c

# Each value on its own, and only where it is still what was read.
_REPLACE = (
    update(_USERS)
    .where(_U.id == bindparam("row_id"))
    .values(
        {
            name: case(
                (
                    _U[name] == bindparam(f"old_{name}", type_=LargeBinary),
                    bindparam(f"new_{name}", type_=LargeBinary),
                ),
                else_=_U[name],
            )
            for name in SEALED
        }
        # Nobody has changed anything.
        | {"updated_at": _U.updated_at}
    )
)


async def rotate(stores: Stores, progress: Callable[[int], None]) -> int:
    """Seal every value under the newest key, in batches of rows.

    A value is replaced only if it is still what was read, so what somebody writes meanwhile stays.
    Every process must have the newest key before, or it cannot read what this writes.

    Args:
        stores: Where accounts are, and the keys.
        progress: Told after each batch how many values it has sealed anew.

    Returns:
        How many in all.

    Raises:
        Unsealable: A value is under a key that is not in the ring; what came before it is done.
    """
    total = after = 0
    while rows := await _read(stores, after):
        changes = [change for row in rows if (change := _change(stores.keyring, row))]
        if changes:
            async with stores.auth.begin() as tx:
                await tx.execute(_REPLACE, changes)
        sealed = sum(1 for c in changes for name in SEALED if c[f"new_{name}"] is not None)
        total, after = total + sealed, rows[-1]["id"]
        progress(sealed)
    return total


async def keys_in_use(stores: Stores) -> Counter[bytes]:
    """How many values there are under each key, by its name."""
    found: Counter[bytes] = Counter()
    for name in SEALED:
        which = func.substr(_U[name], _NAME.start + 1, _NAME.stop - _NAME.start)
        counted = select(which, func.count()).where(_U[name].is_not(None)).group_by(which)
        async with stores.auth.begin() as tx:
            found.update({bytes(key): count for key, count in await tx.execute(counted)})
    return found


async def _read(stores: Stores, after: int) -> Sequence[RowMapping]:
    columns = (_U.id, _U.public_id, *(_U[name] for name in SEALED))
    found = select(*columns).where(_U.id > after).order_by(_U.id).limit(_BATCH)
    async with stores.auth.begin() as tx:
        return (await tx.execute(found)).mappings().all()


def _change(keyring: Keyring, row: RowMapping) -> dict[str, Any] | None:
    """What to replace in a row by what: None where nothing is, or all is new already."""
    change: dict[str, Any] = {}
    for name in SEALED:
        old = row[name]
        if old is not None and key_of(old) != keyring.newest:
            place = ("users", name, row["public_id"])
            new = keyring.seal(keyring.open(old, *place), *place)
            change |= {f"old_{name}": old, f"new_{name}": new}
    if not change:
        return None
    nothing = {f"{side}_{name}": None for name in SEALED for side in ("old", "new")}
    return nothing | change | {"row_id": row["id"]}
