"""Reports on what was used and called, for admins."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import strawberry
from strawberry import Parent

from app.api.connection import OrderDirection, connection
from app.api.context import Info
from app.api.scalars import BigInt
from app.api.types import User
from app.errors import Invalid
from app.paging import ListQuery, Page, PageArgs
from app.products.models import Cause
from app.reports import queries
from app.reports.queries import CauseReportOrder, EndpointReportOrder, MonthReportOrder
from app.reports.queries import UserReportOrder as UserOrder
from app.users.queries import UserRecord

_YEAR = timedelta(days=365)


@strawberry.type(description="What all users used in a month.")
class MonthReport:
    """Read off a `queries.MonthReport`."""

    month: str = strawberry.field(description="The month, in UTC, such as `2026-07`.")
    users: BigInt = strawberry.field(description="Users who used anything.")
    messages: BigInt = strawberry.field(description="Messages that were sent.")
    conversations: BigInt = strawberry.field(description="Conversations that were started.")
    tokens: BigInt = strawberry.field(description="Tokens that the messages cost.")


@strawberry.type(
    description="What was said in the groups around products of a cause, as the products are now."
)
class CauseReport:
    """Read off a `queries.CauseReport`."""

    cause: Cause = strawberry.field(description="The cause.")
    groups: BigInt = strawberry.field(description="Groups in which anything was said.")
    users: BigInt = strawberry.field(description="Users who said it.")
    messages: BigInt = strawberry.field(description="Messages that were sent.")
    tokens: BigInt = strawberry.field(description="Tokens that the messages cost.")


@strawberry.type(description="What one user used.")
class UserReport:
    """Read off a `queries.UserReport`."""

    messages: BigInt = strawberry.field(
        description="Messages that they sent, and answers in their conversations with assistants."
    )
    conversations: BigInt = strawberry.field(description="Conversations that they started.")
    tokens: BigInt = strawberry.field(description="Tokens that these messages cost.")

    @strawberry.field(description="Who; null if the account is gone.", graphql_type=User | None)
    async def user(self, root: Parent[queries.UserReport], info: Info) -> UserRecord | None:
        return await info.context.loaders.user_by_id.load(root.user_id)


@strawberry.type(description="How one operation of GraphQL, or one route, was called.")
class EndpointReport:
    """Read off a `queries.EndpointReport`."""

    endpoint: str = strawberry.field(
        description="The operation's name, `anonymous` for those without one; the route's "
        "pattern for the rest."
    )
    calls: BigInt = strawberry.field(description="How often it was called.")
    errors: BigInt = strawberry.field(
        description="How often the status was 400 or more, or the response had `errors`. Errors "
        "in a mutation's payload are none."
    )
    p50: float = strawberry.field(
        description="Milliseconds within which half of the calls were answered; for a "
        "subscription how long it lasted."
    )
    p95: float = strawberry.field(description="The same for 19 of 20 calls.")


@strawberry.input(description="Of which time a report is.")
class ReportFilter:
    """The conditions of every report."""

    used_from: datetime | None = strawberry.field(
        default=None, description="From this time on; 365 days before `usedBefore` if not given."
    )
    used_before: datetime | None = strawberry.field(
        default=None,
        description="Before this time; now if not given. Pages agree with each other if it is "
        "given, and in the past.",
    )


@strawberry.input(description="How to order a report on users.")
class UserReportOrder:
    """The `orderBy` of `usageByUser`."""

    field: UserOrder = strawberry.field(description="By what.")
    direction: OrderDirection = strawberry.field(
        default=OrderDirection.ASC, description="Which way."
    )


@strawberry.input(name="EndpointReportOrder", description="How to order a report on calls.")
class EndpointReportOrderInput:
    """The `orderBy` of `usageByEndpoint`."""

    field: EndpointReportOrder = strawberry.field(description="By what.")
    direction: OrderDirection = strawberry.field(
        default=OrderDirection.ASC, description="Which way."
    )


_Filter = Annotated[
    ReportFilter | None, strawberry.argument(name="filter", description="Of which time.")
]
_BEHIND = "For admins. The figures may be behind by as much as the copy that they are read from."


@strawberry.type
class ReportQueries:
    """Reads."""

    @connection(
        MonthReport,
        description=f"What was used in each month, newest first. {_BEHIND}",
        nullable=True,
    )
    async def usage_by_month(
        self, info: Info, *, args: PageArgs, filter_: _Filter = None
    ) -> Page[queries.MonthReport]:
        query = _query(filter_, MonthReportOrder.MONTH, args)
        services, viewer = info.context.services, info.context.viewer
        return await queries.report_months(services.analytics, viewer, query)

    @connection(
        CauseReport,
        description=f"What was said for each cause, the most discussed one first. {_BEHIND}",
        nullable=True,
    )
    async def usage_by_cause(
        self, info: Info, *, args: PageArgs, filter_: _Filter = None
    ) -> Page[queries.CauseReport]:
        query = _query(filter_, CauseReportOrder.MESSAGES, args)
        services, viewer = info.context.services, info.context.viewer
        return await queries.report_causes(services.analytics, viewer, query)

    @connection(
        UserReport,
        description="What each user used, the one with the most messages first unless you say "
        f"otherwise. {_BEHIND}",
        nullable=True,
    )
    async def usage_by_user(
        self,
        info: Info,
        *,
        args: PageArgs,
        filter_: _Filter = None,
        order_by: Annotated[
            UserReportOrder | None, strawberry.argument(description="In which order.")
        ] = None,
    ) -> Page[queries.UserReport]:
        order = order_by or UserReportOrder(field=UserOrder.MESSAGES, direction=OrderDirection.DESC)
        query = _query(filter_, order.field, args, order.direction)
        services, viewer = info.context.services, info.context.viewer
        return await queries.report_users(services.analytics, viewer, query)

    @connection(
        EndpointReport,
        description="How each operation was called, the most called one first unless you say "
        f"otherwise. {_BEHIND}",
        nullable=True,
    )
    async def usage_by_endpoint(
        self,
        info: Info,
        *,
        args: PageArgs,
        filter_: _Filter = None,
        order_by: Annotated[
            EndpointReportOrderInput | None, strawberry.argument(description="In which order.")
        ] = None,
    ) -> Page[queries.EndpointReport]:
        order = order_by or EndpointReportOrderInput(
            field=EndpointReportOrder.CALLS, direction=OrderDirection.DESC
        )
        query = _query(filter_, order.field, args, order.direction)
        services, viewer = info.context.services, info.context.viewer
        return await queries.report_endpoints(services.analytics, viewer, query)


def _query(
    given: ReportFilter | None,
    order: str,
    args: PageArgs,
    direction: OrderDirection = OrderDirection.DESC,
) -> ListQuery:
    given = given or ReportFilter()
    until = given.used_before or datetime.now(UTC)
    try:
        since = given.used_from or until - _YEAR
    except OverflowError:
        since = datetime.min.replace(tzinfo=UTC)
    if since >= until:
        raise Invalid("`usedFrom` is before `usedBefore`.", field=["filter", "usedFrom"])
    return ListQuery(
        order,
        descending=direction is OrderDirection.DESC,
        filters=(("since", since), ("until", until)),
        args=args,
    )
