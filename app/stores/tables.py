"""The declarative bases of the two PostgreSQL databases; models of a domain build on one."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Enum, MetaData, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# Names that Alembic can drop again.
_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

_TYPES = {datetime: DateTime(timezone=True), str: Text()}

JsonObject = Annotated[dict[str, Any], mapped_column(JSONB, server_default=text("'{}'::jsonb"))]
JsonList = Annotated[list[Any], mapped_column(JSONB, server_default=text("'[]'::jsonb"))]
UuidKey = Annotated[UUID, mapped_column(primary_key=True, server_default=func.gen_random_uuid())]
Counter = Annotated[int, mapped_column(BigInteger, server_default=text("0"))]
CreatedAt = Annotated[datetime, mapped_column(server_default=func.now())]
UpdatedAt = Annotated[datetime, mapped_column(server_default=func.now(), onupdate=func.now())]


def pg_enum(labels: type[StrEnum], name: str) -> Enum:
    """A PostgreSQL enum type that stores the members' values, not their Python names."""
    return Enum(labels, name=name, values_callable=lambda kind: [member.value for member in kind])


class AuthBase(DeclarativeBase):
    """Tables of the auth database: accounts, and what proves who someone is."""

    metadata = MetaData(naming_convention=_NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = _TYPES


class MainBase(DeclarativeBase):
    """Tables of the main database: everything relational that is not an account."""

    metadata = MetaData(naming_convention=_NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = _TYPES


class Timestamps:
    """`created_at` and `updated_at`, set by the database."""

    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
