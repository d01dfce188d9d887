"""The audit: who changed what, for admins."""

from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry import Parent
from strawberry.scalars import JSON

from app.api.connection import OrderDirection, connection
from app.api.context import Info
from app.api.ids import global_id, parse_id, uuid_of
from app.api.types import Node, User
from app.audit import queries
from app.audit.queries import AuditOrder, ChangeRecord, Trails
from app.errors import NotFound
from app.paging import ListQuery, Page, PageArgs
from app.text import clean_text
from app.users.queries import UserRecord

_MAX_ACTION = 100  # characters


def _id(root: Parent[ChangeRecord]) -> strawberry.ID:
    return global_id("AuditEvent", root.id)


@strawberry.type(
    description="That somebody, or the system, changed or saw something by a right beyond their "
    "own, or changed something personal. It was noted with the change itself and cannot be altered."
)
class AuditEvent(Node):
    """Read off a `ChangeRecord`."""

    id: strawberry.ID = strawberry.field(
        resolver=_id, description="The object's opaque, lasting id."
    )
    created_at: datetime = strawberry.field(description="When it was changed.")
    action: str = strawberry.field(
        description="What was done: the mutation's name, or the like for what the system does."
    )

    @strawberry.field(description="The type of the object that was changed.")
    def object_type(self, root: Parent[ChangeRecord]) -> str:
        return root.entity_type

    @strawberry.field(
        description="The id of the object that was changed, for `node`; it may be gone."
    )
    def object_id(self, root: Parent[ChangeRecord]) -> strawberry.ID:
        return global_id(root.entity_type, root.entity_id)

    before: JSON | None = strawberry.field(
        description="The values that were changed, as they were; null if it did not exist. What "
        'is personal or secret reads "[redacted]".'
    )
    after: JSON | None = strawberry.field(
        description="The same values as they became; null if it is gone."
    )

    @strawberry.field(
        description="The request that did it, as its response says in `X-Request-ID`."
    )
    def request(self, root: Parent[ChangeRecord]) -> str | None:
        return root.request_id

    @strawberry.field(description="The address from which it was done.")
    def address(self, root: Parent[ChangeRecord]) -> str | None:
        return None if root.ip_address is None else str(root.ip_address)

    @strawberry.field(
        description="Who did it; null for the system, and for an account that is gone.",
        graphql_type=User | None,
    )
    async def actor(self, root: Parent[ChangeRecord], info: Info) -> UserRecord | None:
        if root.actor_id is None:
            return None
        return await info.context.loaders.user_by_id.load(root.actor_id)

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether a record is a change's."""
        return isinstance(obj, ChangeRecord)


@strawberry.input(description="Which changes to list; every condition that is given must hold.")
class AuditEventFilter:
    """Conditions of `auditEvents`."""

    object_id: strawberry.ID | None = strawberry.field(
        default=None, description="Of the object with this id."
    )
    actor_id: strawberry.ID | None = strawberry.field(
        default=None, description="By the user with this id."
    )
    action: str | None = strawberry.field(
        default=None, description="Of this kind, such as `productPublish`."
    )


@strawberry.input(name="AuditEventOrder", description="How to order changes.")
class AuditEventOrderInput:
    """The `orderBy` of `auditEvents`."""

    field: AuditOrder = strawberry.field(description="By what.")
    direction: OrderDirection = strawberry.field(
        default=OrderDirection.ASC, description="Which way."
    )


@strawberry.type
class AuditQueries:
    """Reads."""

    @connection(
        AuditEvent,
        description="Who changed what, newest first unless you say otherwise. For admins.",
        nullable=True,
    )
    async def audit_events(
        self,
        info: Info,
        *,
        args: PageArgs,
        filter_: Annotated[
            AuditEventFilter | None, strawberry.argument(name="filter", description="Which ones.")
        ] = None,
        order_by: Annotated[
            AuditEventOrderInput | None, strawberry.argument(description="In which order.")
        ] = None,
    ) -> Page[ChangeRecord]:
        order = order_by or AuditEventOrderInput(
            field=AuditOrder.CREATED_AT, direction=OrderDirection.DESC
        )
        query = ListQuery(
            order.field,
            descending=order.direction is OrderDirection.DESC,
            filters=tuple((await _filters(info, filter_ or AuditEventFilter())).items()),
            args=args,
        )
        context = info.context
        trails = Trails(context.services.main, context.services.auth)
        return await queries.list_changes(trails, context.viewer, query)


async def _filters(info: Info, given: AuditEventFilter) -> dict[str, Any]:
    filters: dict[str, Any] = {}
    if given.object_id is not None:
        parsed = parse_id(given.object_id)
        if parsed is None:
            raise NotFound("There is no such object.", field=["filter", "objectId"])
        filters["entity_type"], filters["entity_id"] = parsed
    if given.actor_id is not None:
        key = uuid_of(given.actor_id, "User", field=["filter", "actorId"])
        actor = await info.context.loaders.user_by_public_id.load(key)
        if actor is None:
            raise NotFound("There is no such user.", field=["filter", "actorId"])
        filters["actor"] = actor.id
    if given.action is not None:
        filters["action"] = clean_text(
            given.action, field=["filter", "action"], max_length=_MAX_ACTION
        )
    return filters
