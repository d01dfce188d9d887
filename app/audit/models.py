"""What was changed by whom, in the database that the change is in, so that both commit or neither.

Each database chains its changes, and keeps signed checkpoints of the other one's chain. Beside it
the answers already given to client keys, so that a retry is answered and not done again.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, LargeBinary, SmallInteger
from sqlalchemy.dialects.postgresql import INET, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.stores.tables import AuthBase, CreatedAt, MainBase, UuidKey

# What the application's role may do with a table; where it is not said, read and write.
_APPEND = {"rights": "SELECT, INSERT"}
_READ = {"rights": "SELECT"}


class _Event:
    """The columns of one change; `before` and `after` hold only what changed."""

    id: Mapped[UuidKey]
    created_at: Mapped[CreatedAt] = mapped_column(primary_key=True)
    # None where the system acted by itself.
    actor_id: Mapped[int | None] = mapped_column(Integer)
    action: Mapped[str]
    entity_type: Mapped[str]
    entity_id: Mapped[str]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    request_id: Mapped[str | None]
    ip_address: Mapped[str | None] = mapped_column(INET)


class AuthAuditEvent(_Event, AuthBase):
    """A change to an account or to what proves one."""

    __tablename__ = "auth_audit_events"
    __table_args__: Any = (
        Index("ix_auth_audit_events_created_at", "created_at"),
        Index("ix_auth_audit_events_actor_id_created_at", "actor_id", "created_at"),
        Index("ix_auth_audit_events_entity", "entity_type", "entity_id", "created_at"),
        {"postgresql_partition_by": "RANGE (created_at)", "info": _APPEND},
    )


class AuditEvent(_Event, MainBase):
    """A change to anything else."""

    __tablename__ = "audit_events"
    __table_args__: Any = (
        Index("ix_audit_events_created_at", "created_at"),
        Index("ix_audit_events_actor_id_created_at", "actor_id", "created_at"),
        Index("ix_audit_events_entity", "entity_type", "entity_id", "created_at"),
        {"postgresql_partition_by": "RANGE (created_at)", "info": _APPEND},
    )


class _Link:
    """A change's place in its chain; written by the database as the change commits.

    `digest` is of the change, `hash` of the hash before, the place and the digest: links can be
    checked when the changes themselves are long gone.
    """

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[UUID] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuthAuditLink(_Link, AuthBase):
    """A link of the chain of accounts' changes."""

    __tablename__ = "auth_audit_links"
    __table_args__: Any = ({"info": _READ},)


class AuditLink(_Link, MainBase):
    """A link of the chain of all other changes."""

    __tablename__ = "audit_links"
    __table_args__: Any = ({"info": _READ},)


class _Head:
    """The one row that says where a chain ends; its lock gives changes their order."""

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuthAuditHead(_Head, AuthBase):
    """The end of the chain of accounts' changes."""

    __tablename__ = "auth_audit_head"
    __table_args__: Any = (CheckConstraint("id = 1", name="one_row"), {"info": _READ})


class AuditHead(_Head, MainBase):
    """The end of the chain of all other changes."""

    __tablename__ = "audit_head"
    __table_args__: Any = (CheckConstraint("id = 1", name="one_row"), {"info": _READ})


class _Checkpoint:
    """A signed statement of where a chain stood; see `app.audit.checkpoints`.

    `pruned_before` says which changes may be missing, for their month was dropped.
    """

    id: Mapped[UuidKey]
    seq: Mapped[int] = mapped_column(BigInteger, index=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    pruned_before: Mapped[datetime | None]
    signed_at: Mapped[datetime]
    signature: Mapped[bytes] = mapped_column(LargeBinary)


class AuditCheckpoint(_Checkpoint, AuthBase):
    """Where the main database's chain stood: kept in the auth database."""

    __tablename__ = "audit_checkpoints"
    __table_args__: Any = ({"info": _APPEND},)


class AuthAuditCheckpoint(_Checkpoint, MainBase):
    """Where the auth database's chain stood: kept in the main database."""

    __tablename__ = "auth_audit_checkpoints"
    __table_args__: Any = ({"info": _APPEND},)


Database = Literal["main", "auth"]


@dataclass(frozen=True, slots=True)
class Trail:
    """The tables of one database's chain; the checkpoints are in the other database."""

    name: Database
    events: type[AuditEvent | AuthAuditEvent]
    links: type[AuditLink | AuthAuditLink]
    head: type[AuditHead | AuthAuditHead]
    checkpoints: type[AuditCheckpoint | AuthAuditCheckpoint]


MAIN = Trail("main", AuditEvent, AuditLink, AuditHead, AuditCheckpoint)
AUTH = Trail("auth", AuthAuditEvent, AuthAuditLink, AuthAuditHead, AuthAuditCheckpoint)


class _Request:
    """One mutation, by its client key: the same key again gets the stored result."""

    user_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    operation: Mapped[str] = mapped_column(primary_key=True)
    client_key: Mapped[str] = mapped_column(primary_key=True)
    # SHA-256 of the arguments: another body under the same key is a conflict.
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    result: Mapped[Any | None] = mapped_column(JSONB)
    created_at: Mapped[CreatedAt]


class ClientRequest(_Request, MainBase):
    """What was done in the main database, or in the chat."""

    __tablename__ = "client_requests"
    __table_args__: Any = (Index("ix_client_requests_created_at", "created_at"),)


class AuthClientRequest(_Request, AuthBase):
    """What was done with accounts."""

    __tablename__ = "auth_client_requests"
    __table_args__: Any = (Index("ix_auth_client_requests_created_at", "created_at"),)
