"""What a user says of themselves: the profile that others see, and what is personal."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import null, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.commands import record
from app.audit.models import AUTH, AuthClientRequest
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.media import check_url
from app.once import once, remember
from app.text import clean_text
from app.users.accounts import Accounts
from app.users.following import tell_account
from app.users.models import MAX_NAME, User
from app.users.personal import BETWEEN_DIGITS, SEALED, sealed, unsealed
from app.users.preferences import clean_object
from app.users.queries import UserRecord, users_by_public_ids
from app.viewer import Viewer

MAX_DETAIL = 100  # characters

_OLDEST = date(1900, 1, 1)
_USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,29}")
_POSTAL_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{0,11}")
_COUNTRY_CODE = re.compile(r"\+[1-9][0-9]{0,2}")
_NUMBER = re.compile(r"[0-9]{4,14}")
_MOST_DIGITS = 15  # E.164, of code and number together

_U = User.__table__.c
_FIELD = ["userId"]
_CONTACT = ("contact_country_code", "contact_number")


async def update_user(
    accounts: Accounts,
    viewer: Viewer,
    public_id: UUID,
    changes: Mapping[str, Any],
    *,
    client_key: str,
) -> UserRecord:
    """Change one's own profile and personal data, or as an admin somebody's.

    Args:
        accounts: The stores and the keys.
        viewer: Who changes it.
        public_id: Whose.
        changes: Only what changes, by the names in `RULES`; None takes a value away.
        client_key: The client's.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such user.
        Forbidden: The viewer is neither they nor an admin.
        Conflict: The username is somebody else's.
        Invalid, Required, TooLong: A value breaks its rule.
        ClientKeyReused: The key came before with other changes.
    """
    viewer.require()
    values = {name: RULES[name](value, field=_path(name)) for name, value in changes.items()}
    # What is kept of a request must not tell a birthday by trying all of them.
    body = accounts.keyring.index("userUpdate", orjson.dumps([public_id, values]).decode()).hex()
    async with accounts.auth.begin() as tx:
        if (
            await once(tx, viewer, "userUpdate", client_key, body, requests=AuthClientRequest)
            is None
        ):
            await _change(tx, accounts, viewer, public_id, values)
            await remember(
                tx, viewer, "userUpdate", client_key, public_id, requests=AuthClientRequest
            )
    (found,) = await users_by_public_ids(accounts.auth, viewer, [public_id])
    if found is None:  # a retry, long after
        raise _no_user()
    return found


async def _change(
    tx: AsyncConnection,
    accounts: Accounts,
    viewer: Viewer,
    public_id: UUID,
    values: dict[str, Any],
) -> None:
    locked = select(User.__table__).where(_U.public_id == public_id, _U.deleted_at.is_(None))
    row = (await tx.execute(locked.with_for_update(key_share=True))).mappings().first()
    if row is None:
        raise _no_user()
    if viewer.user_id != row["id"] and viewer.role != "admin":
        raise Forbidden("Only they themselves and admins change a user.", field=_FIELD)
    if not values:
        return
    known = dict(row)
    known |= unsealed(accounts.keyring, known)
    if any(name in values for name in _CONTACT):
        values = {name: known[name] for name in _CONTACT} | values
        _check_contact(values)
    personal = {name: value for name, value in values.items() if name in SEALED}
    columns = {name: value for name, value in values.items() if name not in SEALED}
    if columns.get("profile", True) is None:
        columns["profile"] = null()  # of the column, not of its JSON
    columns |= sealed(accounts.keyring, public_id, personal)
    try:
        await tx.execute(update(User).where(_U.id == row["id"]).values(**columns))
    except IntegrityError as error:
        raise Conflict("Somebody else has this username.", field=_path("username")) from error
    before = {name: known[name] for name in values}
    await record(
        tx, viewer, "userUpdate", "User", public_id, before=before, after=values, trail=AUTH
    )
    tell_account(tx, row["id"], is_profile=not values.keys() <= personal.keys())


def _check_contact(values: Mapping[str, Any]) -> None:
    code, number = (values[name] for name in _CONTACT)
    if (code is None) != (number is None):
        raise Invalid(
            "A telephone number and its country code go together.", field=_path(_CONTACT[1])
        )
    if number is not None and len(code) - 1 + len(number) > _MOST_DIGITS:
        raise Invalid(
            f"A telephone number has at most {_MOST_DIGITS} digits, the country code included.",
            field=_path("contact_number"),
        )


def _path(name: str) -> list[str]:
    first, *others = name.split("_")
    return ["input", first + "".join(word.title() for word in others)]


def _no_user() -> NotFound:
    return NotFound("There is no such user.", field=_FIELD)


def _digits(value: str, *, field: list[str], shape: re.Pattern[str], words: str) -> str:
    text = clean_text(value, field=field, max_length=40).translate(BETWEEN_DIGITS)
    return _matching(text, field=field, shape=shape, words=words)


def _matching(value: str, *, field: list[str], shape: re.Pattern[str], words: str) -> str:
    if not shape.fullmatch(value):
        raise Invalid(words, field=field)
    return value


def _day(value: date, *, field: list[str]) -> str:
    if not _OLDEST <= value <= datetime.now(UTC).date():
        raise Invalid(f"A date of birth is from {_OLDEST} to today.", field=field)
    return value.isoformat()


def _optional(rule: Callable[..., Any]) -> Callable[..., Any]:
    return lambda value, *, field: None if value is None else rule(value, field=field)


_text = partial(clean_text, max_length=MAX_DETAIL)

# What may change, and what makes a value clean or refuses it.
RULES: Mapping[str, Callable[..., Any]] = {
    "name": partial(clean_text, max_length=MAX_NAME),
    "username": _optional(
        partial(
            _matching,
            shape=_USERNAME,
            words="A username has 3 to 30 letters, digits, dots, dashes or underscores, and begins "
            "with a letter or digit.",
        )
    ),
    "first_name": _optional(partial(clean_text, max_length=MAX_NAME)),
    "last_name": _optional(partial(clean_text, max_length=MAX_NAME)),
    "profile_image_url": _optional(check_url),
    "profile": _optional(clean_object),
    "contact_country_code": _optional(
        partial(_digits, shape=_COUNTRY_CODE, words="A country code is such as +47.")
    ),
    "contact_number": _optional(
        partial(_digits, shape=_NUMBER, words="A telephone number has 4 to 14 digits.")
    ),
    "pincode": _optional(
        partial(
            _matching,
            shape=_POSTAL_CODE,
            words="A postal code has at most 12 letters, digits, spaces or dashes.",
        )
    ),
    "dob": _optional(_day),
    **dict.fromkeys(
        (
            *("city", "state", "country", "gender", "purpose_code"),
            *("nationality", "ethnicity", "qualification", "profession"),
        ),
        _optional(_text),
    ),
}
