"""The root field that lists conversations, by facts from wherever they stand."""

from typing import Annotated

import strawberry

from app.api.connection import OrderDirection, connection
from app.api.context import Info
from app.api.ids import key_of, uuid_of
from app.api.types import Conversation
from app.chat.inbox import ConversationOrder, InboxFilter, list_conversations
from app.chat.log import ConversationRecord
from app.chat.models import ConversationKind
from app.errors import NotFound
from app.paging import Page, PageArgs
from app.products.models import Cause


@strawberry.input(description="Which conversations to list; every condition given must hold.")
class ConversationFilter:
    """Conditions of `conversations`."""

    kind: ConversationKind | None = strawberry.field(default=None, description="Of this kind.")
    tag: str | None = strawberry.field(default=None, description="With this tag.")
    title_contains: str | None = strawberry.field(
        default=None,
        description="With this in the title, in either case: a group's is the group's name.",
    )
    participant_id: strawberry.ID | None = strawberry.field(
        default=None, description="In which the user with this id takes part beside you."
    )
    participant_name: str | None = strawberry.field(
        default=None,
        description="In which somebody beside you takes part with this in the name, in either "
        "case.",
    )
    product_id: strawberry.ID | None = strawberry.field(
        default=None, description="Of a group around the product with this id."
    )
    causes: list[Cause] | None = strawberry.field(
        default=None, description="Of a group around a product for any of these causes."
    )
    is_unread: bool | None = strawberry.field(
        default=None, description="With messages that you have not read, or without."
    )
    is_archived: bool | None = strawberry.field(
        default=None, description="Put away by you, or not put away."
    )
    is_muted: bool | None = strawberry.field(
        default=None, description="Muted by you as of now, or not muted."
    )
    is_pinned: bool | None = strawberry.field(
        default=None, description="Put on top by you, or not put on top."
    )


@strawberry.input(name="ConversationOrder", description="How to order conversations.")
class ConversationOrderInput:
    """The `orderBy` of `conversations`."""

    field: ConversationOrder = strawberry.field(
        default=ConversationOrder.LAST_ACTIVITY, description="By what."
    )
    direction: OrderDirection = strawberry.field(
        default=OrderDirection.DESC, description="Which way."
    )


@strawberry.type
class InboxQueries:
    """Reads."""

    @connection(
        Conversation,
        description="Your conversations: your inbox, the last active first unless you say "
        "otherwise. Needs a signed-in viewer. Where few meet the filter, a page may be short, or "
        "empty, although more follow: `pageInfo` says so, and from where to go on. From the last "
        "active on, nothing comes twice; what becomes active meanwhile moves before the cursor, "
        "and `inbox` tells of it.",
        nullable=True,
    )
    async def conversations(
        self,
        info: Info,
        *,
        args: PageArgs,
        filter_: Annotated[
            ConversationFilter | None,
            strawberry.argument(name="filter", description="Which ones."),
        ] = None,
        order_by: Annotated[
            ConversationOrderInput | None, strawberry.argument(description="In which order.")
        ] = None,
    ) -> Page[ConversationRecord]:
        order, context = order_by or ConversationOrderInput(), info.context
        context.viewer.require()
        return await list_conversations(
            context.services,
            context.viewer,
            await _filter(info, filter_ or ConversationFilter()),
            args,
            descending=order.direction is OrderDirection.DESC,
        )


async def _filter(info: Info, given: ConversationFilter) -> InboxFilter:
    return InboxFilter(
        kind=given.kind,
        tag=given.tag,
        title_contains=given.title_contains,
        participant_id=await _participant(info, given.participant_id),
        participant_name=given.participant_name,
        product_id=await _product(info, given.product_id),
        causes=None if given.causes is None else tuple(given.causes),
        is_unread=given.is_unread,
        is_archived=given.is_archived,
        is_muted=given.is_muted,
        is_pinned=given.is_pinned,
    )


async def _participant(info: Info, given: str | None) -> int | None:
    if given is None:
        return None
    field = ["filter", "participantId"]
    user = await info.context.loaders.user_by_public_id.load(uuid_of(given, "User", field=field))
    if user is None:
        raise NotFound("There is no such user.", field=field)
    return user.id


async def _product(info: Info, given: str | None) -> str | None:
    if given is None:
        return None
    field = ["filter", "productId"]
    key = key_of(given, "Product", field=field)
    # Else the groups around somebody's draft would tell that there is one.
    if await info.context.loaders.product_by_id.load(key) is None:
        raise NotFound("There is no such product.", field=field)
    return key
