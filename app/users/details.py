"""Reads of what is personal: a user's own, and the staff's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Select, any_, bindparam, select

from app.audit.commands import record
from app.audit.models import AUTH
from app.errors import Forbidden, Invalid
from app.sealing import Keyring
from app.stores.postgres import Read
from app.text import clean_text
from app.users.accounts import Accounts
from app.users.models import User
from app.users.personal import BETWEEN_DIGITS, contact_index, email_index, unsealed
from app.users.queries import UserRecord, users_by_ids
from app.viewer import Viewer

_MAX_CONTACT = 254  # characters
_U = User.__table__.c


@dataclass(slots=True)
class PersonalDetails:
    """What only the user and the staff may see."""

    id: int
    public_id: UUID
    email: str
    contact_number: str | None
    contact_country_code: str | None
    city: str | None
    state: str | None
    country: str | None
    pincode: str | None
    gender: str | None
    dob: date | None
    purpose_code: str | None
    nationality: str | None
    ethnicity: str | None
    qualification: str | None
    profession: str | None
    external_subject: str | None
    last_login_at: datetime | None


_COLUMNS = [User.__table__.c[f.name] for f in fields(PersonalDetails)]
_BY_IDS = Read(
    select(*_COLUMNS).where(
        User.id == any_(bindparam("ids", type_=ARRAY(Integer))), User.deleted_at.is_(None)
    )
)


async def personal_details_by_ids(
    accounts: Accounts, viewer: Viewer, ids: Sequence[int]
) -> list[PersonalDetails | None]:
    """The personal details of these users; None where the viewer is neither the user nor staff.

    Raises:
        Unsealable: A value does not open: a key is missing, or somebody has changed it.
    """
    allowed = [i for i in ids if viewer.is_staff or i == viewer.user_id]
    if not allowed:
        return [None] * len(ids)
    rows = await accounts.auth.fetch(_BY_IDS, ids=allowed)
    found = {row["id"]: _details(accounts.keyring, dict(row)) for row in rows}
    return [found.get(i) for i in ids]


def _details(keyring: Keyring, row: Mapping[str, Any]) -> PersonalDetails:
    opened = unsealed(keyring, row)
    values: dict[str, Any] = {
        name: opened.get(name, row[name]) for name in (c.name for c in _COLUMNS)
    }
    if values["dob"] is not None:
        values["dob"] = date.fromisoformat(values["dob"])
    return PersonalDetails(**values)


async def user_by_contact(accounts: Accounts, viewer: Viewer, contact: str) -> UserRecord | None:
    """Who has an address or a telephone number: for admins, and each finding is audited.

    Args:
        accounts: The stores and the keys.
        viewer: Who asks.
        contact: An address, or a number in its international form.

    Raises:
        Unauthenticated: Nobody is signed in.
        Forbidden: The viewer is no admin.
        Invalid, TooLong, Required: It is neither.
    """
    viewer.require()
    if viewer.role != "admin":
        raise Forbidden("Only admins look somebody up.")
    async with accounts.auth.begin() as tx:
        found = (await tx.execute(_whose(accounts.keyring, contact))).first()
        if found is None:
            return None
        await record(
            tx,
            viewer,
            "userByContact",
            "User",
            found.public_id,
            after={"contact": contact},
            trail=AUTH,
        )
    return (await users_by_ids(accounts.auth, viewer, [found.id]))[0]


def _whose(keyring: Keyring, contact: str) -> Select[int, UUID]:
    field = ["contact"]
    text = clean_text(contact, field=field, max_length=_MAX_CONTACT)
    if "@" in text:
        condition = _U.email_index == email_index(keyring, text)
    else:
        number = text.translate(BETWEEN_DIGITS).removeprefix("+")
        if not (number.isascii() and number.isdigit()):
            raise Invalid("This is neither an address nor a telephone number.", field=field)
        condition = _U.contact_index == contact_index(keyring, None, number)
    statement = select(_U.id, _U.public_id).where(condition, _U.deleted_at.is_(None))
    return statement.order_by(_U.id).limit(1)
