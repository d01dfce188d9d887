"""Mutations of moderation: anybody reports, staff work on the queue."""

from typing import Annotated

import strawberry

from app.api.context import Info
from app.api.ids import uuid_of
from app.api.moderation import subject_of
from app.api.mutation import KeyedInput, Payload, mutation
from app.api.types import ModerationItem
from app.moderation.models import ModerationVerdict
from app.moderation.queries import ItemRecord
from app.review import decisions, reports
from app.review.decisions import Ruling


@strawberry.input(description="Why something is reported.")
class ModerationItemReportInput(KeyedInput):
    """The input of `moderationItemReport`."""

    reason: str = strawberry.field(description="Why: at most 2,000 characters.")


@strawberry.input(description="Who is to work on an item.")
class ModerationItemAssignInput(KeyedInput):
    """The input of `moderationItemAssign`."""

    assignee_id: strawberry.ID | None = strawberry.field(
        default=None, description="The moderator's id, given by an admin; you if none is."
    )


@strawberry.input(description="The return of an item to the queue.")
class ModerationItemReleaseInput(KeyedInput):
    """The input of `moderationItemRelease`."""


@strawberry.input(description="What is decided about an item, and why.")
class ModerationItemDecideInput(KeyedInput):
    """The input of `moderationItemDecide`."""

    verdict: ModerationVerdict = strawberry.field(description="What is decided.")
    note: str | None = strawberry.field(
        default=None,
        description="Why, for the history: at most 2,000 characters. Only an approval does "
        "without.",
    )


@strawberry.type(description="What came of a mutation of the moderation queue.")
class _ItemPayload(Payload):
    moderation_item: ItemRecord | None = strawberry.field(
        default=None, graphql_type=ModerationItem | None, description="The item as it is now."
    )


@strawberry.type(description="What came of `moderationItemReport`.")
class ModerationItemReportPayload(_ItemPayload):
    """The report."""


@strawberry.type(description="What came of `moderationItemAssign`.")
class ModerationItemAssignPayload(_ItemPayload):
    """What somebody works on now."""


@strawberry.type(description="What came of `moderationItemRelease`.")
class ModerationItemReleasePayload(_ItemPayload):
    """What nobody works on now."""


@strawberry.type(description="What came of `moderationItemDecide`.")
class ModerationItemDecidePayload(_ItemPayload):
    """What was decided about."""


_ItemId = Annotated[strawberry.ID, strawberry.argument(description="The item's id.")]


@strawberry.type
class ModerationMutations:
    """Writes."""

    @mutation(
        ModerationItemReportPayload,
        description="Ask the moderators to look at a message, a product, a group or a user that "
        "you see. They see it as it is now, also when it is changed; of a conversation they see "
        "no more than this message.",
    )
    async def moderation_item_report(
        self,
        info: Info,
        subject_id: Annotated[
            strawberry.ID, strawberry.argument(description="The id of what you report.")
        ],
        input_: Annotated[
            ModerationItemReportInput, strawberry.argument(name="input", description="Why.")
        ],
    ) -> ModerationItemReportPayload:
        kind, key = subject_of(subject_id, field=["subjectId"])
        context = info.context
        item = await reports.report_subject(
            context.services,
            context.viewer,
            kind,
            key,
            input_.reason,
            client_key=input_.client_key,
        )
        return ModerationItemReportPayload(moderation_item=item)

    @mutation(
        ModerationItemAssignPayload,
        description="Take an item of the queue, so that no other moderator decides about it. "
        "Admins may give it to anybody of the staff. For staff.",
    )
    async def moderation_item_assign(
        self,
        info: Info,
        moderation_item_id: _ItemId,
        input_: Annotated[
            ModerationItemAssignInput, strawberry.argument(name="input", description="To whom.")
        ],
    ) -> ModerationItemAssignPayload:
        given = input_.assignee_id
        field = ["input", "assigneeId"]
        item = await decisions.assign_item(
            info.context.services,
            info.context.viewer,
            uuid_of(moderation_item_id, "ModerationItem", field=["moderationItemId"]),
            None if given is None else uuid_of(given, "User", field=field),
            client_key=input_.client_key,
        )
        return ModerationItemAssignPayload(moderation_item=item)

    @mutation(
        ModerationItemReleasePayload,
        description="Give an item that you work on back to the queue. For staff.",
    )
    async def moderation_item_release(
        self,
        info: Info,
        moderation_item_id: _ItemId,
        input_: Annotated[
            ModerationItemReleaseInput,
            strawberry.argument(name="input", description="The client key."),
        ],
    ) -> ModerationItemReleasePayload:
        item = await decisions.release_item(
            info.context.services,
            info.context.viewer,
            uuid_of(moderation_item_id, "ModerationItem", field=["moderationItemId"]),
            client_key=input_.client_key,
        )
        return ModerationItemReleasePayload(moderation_item=item)

    @mutation(
        ModerationItemDecidePayload,
        description="Decide about an item, with its consequences: an approved product is "
        "published, a rejected one goes back to its vendor, what is removed is taken away, and "
        "what is escalated waits for an admin. For staff; removing groups and users is for admins.",
    )
    async def moderation_item_decide(
        self,
        info: Info,
        moderation_item_id: _ItemId,
        input_: Annotated[
            ModerationItemDecideInput,
            strawberry.argument(name="input", description="What, and why."),
        ],
    ) -> ModerationItemDecidePayload:
        item = await decisions.decide_item(
            info.context.services,
            info.context.viewer,
            uuid_of(moderation_item_id, "ModerationItem", field=["moderationItemId"]),
            Ruling(input_.verdict, input_.note),
            client_key=input_.client_key,
        )
        return ModerationItemDecidePayload(moderation_item=item)
