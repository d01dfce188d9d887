"""Reads of what is personal: a user's own, and the staff's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, any_, bindparam, select

from app.sealing import Keyring
from app.stores.postgres import Read
from app.users.accounts import Accounts
from app.users.models import User
from app.users.personal import unsealed
from app.viewer import Viewer


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
