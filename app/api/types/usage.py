"""What somebody used, in total and by month."""

from typing import Any

import strawberry
from strawberry import Parent

from app.api.connection import connection
from app.api.context import Info
from app.api.scalars import BigInt
from app.paging import ListQuery, Page, PageArgs
from app.usage.queries import MonthOrder, MonthRecord, UsageRecord


@strawberry.type(description="What a user used in one month.")
class MonthlyUsage:
    """Read off a `MonthRecord`."""

    month: str = strawberry.field(description="The month, in UTC, such as `2026-07`.")
    messages: BigInt = strawberry.field(
        description="Messages that they sent, and answers in their conversations with assistants."
    )
    conversations: BigInt = strawberry.field(description="Conversations that they started.")
    tokens: BigInt = strawberry.field(description="Tokens that these messages cost.")


@strawberry.type(
    description="What a user used, counted from what was sent; a moment behind it. What was "
    "deleted later was used."
)
class Usage:
    """Read off a `UsageRecord`."""

    total_messages: BigInt = strawberry.field(
        description="Messages that they sent, and answers in their conversations with assistants."
    )
    total_conversations: BigInt = strawberry.field(description="Conversations that they started.")
    total_tokens: BigInt = strawberry.field(description="Tokens that these messages cost.")

    @strawberry.field(description="The same in this month.", graphql_type=MonthlyUsage)
    def this_month(self, root: Parent[UsageRecord]) -> Any:
        return root.this_month

    @connection(MonthlyUsage, description="The months in which they used anything, newest first.")
    async def months(
        self, root: Parent[UsageRecord], info: Info, args: PageArgs
    ) -> Page[MonthRecord]:
        query = ListQuery(MonthOrder.MONTH, descending=True, args=args)
        return await info.context.loaders.months_by_user.load((root.user_id, query))
