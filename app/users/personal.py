"""What is personal of a user is sealed in its columns, each value for its column and its user."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.sealing import Keyring

# The columns of `users` that hold sealed text.
SEALED = (
    "email",
    "contact_number",
    "contact_country_code",
    "city",
    "state",
    "country",
    "pincode",
    "gender",
    "dob",
    "purpose_code",
    "nationality",
    "ethnicity",
    "qualification",
    "profession",
)

# What people write into a telephone number.
BETWEEN_DIGITS = str.maketrans("", "", " -./()")


def sealed(keyring: Keyring, public_id: UUID, values: Mapping[str, str | None]) -> dict[str, Any]:
    """Values of `SEALED` columns as the table holds them, with the indexes that find them.

    A telephone number comes with its country code: the two are found together.
    """
    columns: dict[str, Any] = {
        name: None if value is None else keyring.seal(value, "users", name, public_id)
        for name, value in values.items()
    }
    if (email := values.get("email")) is not None:
        columns["email_index"] = email_index(keyring, email)
    if "contact_number" in values:
        number = values["contact_number"]
        code = values.get("contact_country_code")
        columns["contact_index"] = None if number is None else contact_index(keyring, code, number)
    return columns


def unsealed(keyring: Keyring, row: Mapping[str, Any]) -> dict[str, str | None]:
    """The `SEALED` columns of a row of `users`, which has the user's public id, in clear.

    Raises:
        Unsealable: A value does not open.
    """
    return {
        name: None
        if row[name] is None
        else keyring.open(row[name], "users", name, row["public_id"])
        for name in SEALED
    }


def email_index(keyring: Keyring, email: str) -> bytes:
    """What finds the account of an address, whatever its case."""
    return keyring.index("users.email", email.lower())


def contact_index(keyring: Keyring, country_code: str | None, number: str) -> bytes:
    """What finds who has a telephone number, both in digits."""
    return keyring.index("users.contact", (country_code or "").lstrip("+") + number)
