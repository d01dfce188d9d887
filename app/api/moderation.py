"""The moderation queue and its history: root fields that read them."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from app.api.connection import OrderDirection, connection
from app.api.context import Info
from app.api.ids import parse_id, uuid_in, uuid_of
from app.api.types import ModerationDecision, ModerationItem
from app.errors import NotFound
from app.moderation import queries
from app.moderation.models import ModerationStatus, ModerationVerdict, SubjectKind
from app.moderation.queries import DecisionOrder, DecisionRecord, ItemOrder, ItemRecord
from app.paging import ListQuery, Page, PageArgs

KINDS = {
    "Message": SubjectKind.MESSAGE,
    "Product": SubjectKind.PRODUCT,
    "Group": SubjectKind.GROUP,
    "User": SubjectKind.USER,
}


def subject_of(value: str, *, field: list[str]) -> tuple[SubjectKind, str]:
    """What a global id names, as something to moderate.

    Raises:
        NotFound: It is no id of anything that is moderated.
    """
    type_name, key = parse_id(value) or ("", "")
    if type_name not in KINDS or (type_name != "Product" and uuid_in(key) is None):
        raise NotFound("There is nothing with this id to moderate.", field=field)
    return KINDS[type_name], key


@strawberry.input(description="Which items to list; every condition that is given must hold.")
class ModerationItemFilter:
    """Conditions of `moderationItems`."""

    statuses: list[ModerationStatus] | None = strawberry.field(
        default=None, description="In any of these statuses."
    )
    subject_kinds: list[SubjectKind] | None = strawberry.field(
        default=None, description="About any of these."
    )
    subject_id: strawberry.ID | None = strawberry.field(
        default=None, description="About the object with this id."
    )
    is_submission: bool | None = strawberry.field(
        default=None, description="Submitted, or reported."
    )
    is_assigned: bool | None = strawberry.field(
        default=None, description="Worked on by somebody, or by nobody."
    )
    assigned_to_me: bool | None = strawberry.field(
        default=None, description="True: worked on by you. Null and false say nothing."
    )
    is_escalated: bool | None = strawberry.field(
        default=None, description="Left to the admins, or not."
    )


@strawberry.input(name="ModerationItemOrder", description="How to order items.")
class ModerationItemOrderInput:
    """The `orderBy` of `moderationItems`."""

    field: ItemOrder = strawberry.field(description="By what.")
    direction: OrderDirection = strawberry.field(
        default=OrderDirection.ASC, description="Which way."
    )


@strawberry.input(description="Which decisions to list; every condition that is given must hold.")
class ModerationDecisionFilter:
    """Conditions of `moderationDecisions`."""

    moderator_id: strawberry.ID | None = strawberry.field(
        default=None, description="By the user with this id."
    )
    verdicts: list[ModerationVerdict] | None = strawberry.field(
        default=None, description="With any of these verdicts."
    )
    created_from: datetime | None = strawberry.field(
        default=None, description="At this time or later."
    )
    created_before: datetime | None = strawberry.field(
        default=None, description="Before this time."
    )


@strawberry.input(name="ModerationDecisionOrder", description="How to order decisions.")
class ModerationDecisionOrderInput:
    """The `orderBy` of `moderationDecisions`."""

    field: DecisionOrder = strawberry.field(description="By what.")
    direction: OrderDirection = strawberry.field(
        default=OrderDirection.ASC, description="Which way."
    )


@strawberry.type
class ModerationQueries:
    """Reads."""

    @connection(
        ModerationItem,
        description="The moderation queue, and what was resolved; the most urgent first, and of "
        "equals what waits longest, unless you say otherwise. For staff.",
        nullable=True,
    )
    async def moderation_items(
        self,
        info: Info,
        *,
        args: PageArgs,
        filter_: Annotated[
            ModerationItemFilter | None,
            strawberry.argument(name="filter", description="Which ones."),
        ] = None,
        order_by: Annotated[
            ModerationItemOrderInput | None, strawberry.argument(description="In which order.")
        ] = None,
    ) -> Page[ItemRecord]:
        order = order_by or ModerationItemOrderInput(field=ItemOrder.PRIORITY)
        viewer = info.context.viewer
        query = ListQuery(
            order.field,
            descending=order.direction is OrderDirection.DESC,
            filters=tuple(_item_filters(filter_ or ModerationItemFilter(), viewer.user_id).items()),
            args=args,
        )
        return await queries.list_items(info.context.services.main, viewer, query)

    @connection(
        ModerationDecision,
        description="What moderators decided, newest first unless you say otherwise. For staff.",
        nullable=True,
    )
    async def moderation_decisions(
        self,
        info: Info,
        *,
        args: PageArgs,
        filter_: Annotated[
            ModerationDecisionFilter | None,
            strawberry.argument(name="filter", description="Which ones."),
        ] = None,
        order_by: Annotated[
            ModerationDecisionOrderInput | None, strawberry.argument(description="In which order.")
        ] = None,
    ) -> Page[DecisionRecord]:
        order = order_by or ModerationDecisionOrderInput(
            field=DecisionOrder.CREATED_AT, direction=OrderDirection.DESC
        )
        filters = await _decision_filters(info, filter_ or ModerationDecisionFilter())
        query = ListQuery(
            order.field,
            descending=order.direction is OrderDirection.DESC,
            filters=tuple(filters.items()),
            args=args,
        )
        context = info.context
        return await queries.list_decisions(context.services.main, context.viewer, query)


def _item_filters(given: ModerationItemFilter, me: int | None) -> dict[str, Any]:
    filters: dict[str, Any] = {}
    if given.statuses is not None:
        filters["statuses"] = tuple(sorted(set(given.statuses)))
    if given.subject_kinds is not None:
        filters["kinds"] = tuple(sorted(set(given.subject_kinds)))
    if given.subject_id is not None:
        kind, key = subject_of(given.subject_id, field=["filter", "subjectId"])
        filters |= {"subject": key, "subject_kind": kind}
    if given.assigned_to_me:
        filters["assigned_to"] = me
    for name, value in (
        ("submitted", given.is_submission),
        ("assigned", given.is_assigned),
        ("escalated", given.is_escalated),
    ):
        if value is not None:
            filters[name] = value
    return filters


async def _decision_filters(info: Info, given: ModerationDecisionFilter) -> dict[str, Any]:
    filters: dict[str, Any] = {}
    if given.moderator_id is not None:
        key = uuid_of(given.moderator_id, "User", field=["filter", "moderatorId"])
        moderator = await info.context.loaders.user_by_public_id.load(key)
        if moderator is None:
            raise NotFound("There is no such user.", field=["filter", "moderatorId"])
        filters["moderator"] = moderator.id
    if given.verdicts is not None:
        filters["verdicts"] = tuple(sorted(set(given.verdicts)))
    if given.created_from is not None:
        filters["created_from"] = given.created_from
    if given.created_before is not None:
        filters["created_before"] = given.created_before
    return filters
