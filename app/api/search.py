"""Full-text search over messages."""

from datetime import datetime
from typing import Annotated

import strawberry

from app.api.connection import connection
from app.api.context import Info
from app.api.ids import uuid_of
from app.api.types import Message
from app.chat.log import LogEntry
from app.chat.search import MAX_QUERY, MessageSearch, search_messages
from app.errors import NotFound
from app.paging import Page, PageArgs


@strawberry.input(description="Where to search; every condition that is given must hold.")
class MessageSearchFilter:
    """Conditions of `messageSearch`."""

    conversation_id: strawberry.ID | None = strawberry.field(
        default=None, description="In the conversation with this id."
    )
    sender_id: strawberry.ID | None = strawberry.field(
        default=None, description="Sent by the user with this id."
    )
    created_from: datetime | None = strawberry.field(
        default=None, description="Sent then or later."
    )
    created_before: datetime | None = strawberry.field(
        default=None, description="Sent before then."
    )


@strawberry.type
class SearchQueries:
    """Searches."""

    @connection(
        Message,
        description="Messages that you may read with these words, the newest first. Needs a "
        "signed-in viewer.",
        nullable=True,
    )
    async def message_search(
        self,
        info: Info,
        *,
        args: PageArgs,
        query: Annotated[
            str,
            strawberry.argument(
                description='Words, all of which must occur: `"a phrase"`, `or` and `-without` as '
                f"in a web search. At most {MAX_QUERY} characters."
            ),
        ],
        filter_: Annotated[
            MessageSearchFilter | None, strawberry.argument(name="filter", description="Where.")
        ] = None,
    ) -> Page[LogEntry]:
        context, given = info.context, filter_ or MessageSearchFilter()
        context.viewer.require()
        search = MessageSearch(
            query,
            None
            if given.conversation_id is None
            else uuid_of(given.conversation_id, "Conversation", field=["filter", "conversationId"]),
            await _sender(info, given),
            given.created_from,
            given.created_before,
        )
        return await search_messages(context.services.main, context.viewer, search, args)


async def _sender(info: Info, given: MessageSearchFilter) -> int | None:
    if given.sender_id is None:
        return None
    key = uuid_of(given.sender_id, "User", field=["filter", "senderId"])
    sender = await info.context.loaders.user_by_public_id.load(key)
    if sender is None:
        raise NotFound("There is no such user.", field=["filter", "senderId"])
    return sender.id
