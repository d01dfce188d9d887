"""What was changed by whom, in the database that the change is in, so that both commit or neither.

Beside it the answers already given to client keys, so that a retry is answered and not done again.
"""

from typing import Any

from sqlalchemy import Index, Integer, LargeBinary
from sqlalchemy.dialects.postgresql import INET, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.stores.tables import AuthBase, CreatedAt, MainBase, UuidKey


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
        {"postgresql_partition_by": "RANGE (created_at)"},
    )


class AuditEvent(_Event, MainBase):
    """A change to anything else."""

    __tablename__ = "audit_events"
    __table_args__: Any = (
        Index("ix_audit_events_created_at", "created_at"),
        Index("ix_audit_events_actor_id_created_at", "actor_id", "created_at"),
        Index("ix_audit_events_entity", "entity_type", "entity_id", "created_at"),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )


class ClientRequest(MainBase):
    """One mutation, by its client key: the same key again gets the stored result."""

    __tablename__ = "client_requests"

    user_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    operation: Mapped[str] = mapped_column(primary_key=True)
    client_key: Mapped[str] = mapped_column(primary_key=True)
    # SHA-256 of the arguments: another body under the same key is a conflict.
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    result: Mapped[Any | None] = mapped_column(JSONB)
    created_at: Mapped[CreatedAt]

    __table_args__ = (Index("ix_client_requests_created_at", "created_at"),)
