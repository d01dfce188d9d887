"""Client keys: a retried mutation answers with what the first attempt did.

Messages do without: their ids follow from their keys.
"""

import hashlib
from datetime import timedelta
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.models import AuthClientRequest, ClientRequest
from app.errors import ClientKeyReused, Invalid, Required, TooLong
from app.stores.postgres import Postgres
from app.viewer import Viewer

MAX_KEY_LENGTH = 64  # characters
_FIELD = ["input", "clientKey"]
# Rows that one transaction forgets: it holds nobody up for long.
_AT_ONCE = 5_000

Requests = type[ClientRequest | AuthClientRequest]


async def once(
    tx: AsyncConnection,
    viewer: Viewer,
    operation: str,
    client_key: str,
    body: object,
    *,
    requests: Requests = ClientRequest,
) -> str | None:
    """Claim a client key inside the command's transaction, or find what it did before.

    A concurrent attempt with the same key waits until this transaction ends. A command that
    fails forgets its key with everything else.

    Args:
        tx: The command's transaction, in which nothing was written yet.
        viewer: Whose key it is; another user's equal key is another key.
        operation: The mutation's name.
        client_key: As the client gave it.
        body: The arguments: JSON, dataclasses, dates, decimals, ids.
        requests: Where it is noted: `AuthClientRequest` by what works on the auth database.

    Returns:
        None for a new key: do the work, then `remember` its result. Else the result's id.

    Raises:
        Required, TooLong, Invalid: The key is not one; see `check_client_key`.
        ClientKeyReused: The key came before with another body.
        Unauthenticated: Nobody is signed in.
    """
    key = {
        "user_id": viewer.require(),
        "operation": operation,
        "client_key": check_client_key(client_key),
    }
    digest = _digest(body)
    claim = insert(requests).values(**key, request_hash=digest).on_conflict_do_nothing()
    if (await tx.execute(claim.returning(requests.user_id))).first() is not None:
        return None
    # The holder has committed: a new statement of this transaction sees its row.
    earlier = select(requests.request_hash, requests.result).filter_by(**key)
    known_digest, result = (await tx.execute(earlier)).one()
    if known_digest != digest:
        raise ClientKeyReused(
            "This client key was used before for something else; choose a new one.", field=_FIELD
        )
    return str(result)


async def remember(
    tx: AsyncConnection,
    viewer: Viewer,
    operation: str,
    client_key: str,
    result_id: object,
    *,
    requests: Requests = ClientRequest,
) -> None:
    """Note in the same transaction what a claimed key led to; retries get its `str`."""
    await tx.execute(
        update(requests)
        .filter_by(user_id=viewer.require(), operation=operation, client_key=client_key)
        .values(result=str(result_id))
    )


async def forget_requests(database: Postgres, requests: Requests, kept: timedelta) -> None:
    """Forget the keys that are older, the oldest first; what they led to stays.

    Args:
        database: Where they are noted.
        requests: As in `once`.
        kept: For how long a retry is known.

    Raises:
        StoreUnavailable: The database does not answer.
    """
    key = (requests.user_id, requests.operation, requests.client_key)
    old = (
        select(*key)
        .where(requests.created_at < func.now() - kept)
        .order_by(requests.created_at)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)  # another process is at it, too
    )
    forgotten = _AT_ONCE
    while forgotten == _AT_ONCE:
        async with database.begin() as tx:
            done = await tx.execute(delete(requests).where(tuple_(*key).in_(old)))
            forgotten = done.rowcount


def check_client_key(client_key: str) -> str:
    """The key, if it is one.

    Raises:
        Required: It is empty.
        TooLong: It is longer than `MAX_KEY_LENGTH`.
        Invalid: It holds something else than printable characters.
    """
    if not client_key:
        raise Required("A client key must not be empty; a UUID does well.", field=_FIELD)
    if len(client_key) > MAX_KEY_LENGTH:
        raise TooLong(f"A client key has at most {MAX_KEY_LENGTH} characters.", field=_FIELD)
    if not client_key.isprintable():
        raise Invalid("A client key consists of printable characters.", field=_FIELD)
    return client_key


def _digest(body: object) -> bytes:
    # Sorted, so that two orders of the same mapping are the same body.
    canonical = orjson.dumps(body, default=_plain, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(canonical).digest()


def _plain(value: Any) -> Any:
    # Prices by value: 1.50 and 1.5 are the same one.
    return str(value.normalize() if isinstance(value, Decimal) else value)
