"""Reports on usage and on the API's calls, for admins, from a database that may be a copy."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Float,
    Select,
    Text,
    bindparam,
    cast,
    func,
    or_,
    select,
    true,
)

from app.chat.models import Conversation
from app.errors import Forbidden
from app.groups.models import Group
from app.listing import Listing, Order
from app.paging import ListQuery, Page, parse_big, parse_float, parse_int, parse_text
from app.products.models import Cause, Product
from app.stores.postgres import Postgres
from app.usage.models import ApiLog, UsageEntry
from app.viewer import Viewer

R = TypeVar("R")


@dataclass(slots=True)
class MonthReport:
    """What all users used in a month.

    Attributes:
        users: How many used anything.
    """

    month: str
    users: int
    messages: int
    conversations: int
    tokens: int


@dataclass(slots=True)
class CauseReport:
    """What was said in groups around products of a cause, as the products are now."""

    cause: Cause
    groups: int
    users: int
    messages: int
    tokens: int


@dataclass(slots=True)
class UserReport:
    """What one user used."""

    user_id: int
    messages: int
    conversations: int
    tokens: int


@dataclass(slots=True)
class EndpointReport:
    """How an operation, or a route, was called.

    Attributes:
        errors: Of the calls, those with a status of 400 or more or an error in the response.
        p50: Milliseconds within which half of the calls were answered.
        p95: The same for 19 of 20.
    """

    endpoint: str
    calls: int
    errors: int
    p50: float
    p95: float


class MonthReportOrder(StrEnum):
    """The order of the report by month."""

    MONTH = "month"


class CauseReportOrder(StrEnum):
    """The order of the report by cause."""

    MESSAGES = "messages"


class UserReportOrder(StrEnum):
    """The orders of the report by user."""

    MESSAGES = "messages"
    TOKENS = "tokens"


class EndpointReportOrder(StrEnum):
    """The orders of the report by endpoint."""

    CALLS = "calls"
    ERRORS = "errors"
    P95 = "p95"


_U = UsageEntry.__table__.c
_A = ApiLog.__table__.c


def _sum(column: ColumnElement[int]) -> ColumnElement[int]:
    return cast(func.sum(column), BigInteger).label(column.key)


def _count(column: ColumnElement[Any], name: str) -> ColumnElement[int]:
    return func.count(column.distinct()).label(name)


def _report(
    rows: Select[*tuple[Any, ...]],
    created_at: ColumnElement[Any],
    build: Callable[..., R],
    unique: str,
    parser: Callable[[Any], Any],
    **orders: Callable[[Any], Any],
) -> Listing[R]:
    """A list of groups of rows of a time; in an order of its own column, or by another and that."""
    time = DateTime(timezone=True)
    within = (
        created_at >= bindparam("since", type_=time),
        created_at < bindparam("until", type_=time),
    )
    columns = rows.where(*within).subquery("report").c
    by = {name: Order((columns[name], columns[unique]), (p, parser)) for name, p in orders.items()}
    return Listing(
        columns=list(columns),
        build=build,
        orders=by or {unique: Order((columns[unique],), (parser,))},
        # They hold within the groups; the page takes their values.
        filters={"since": true(), "until": true()},
    )


_month = func.to_char(func.timezone("UTC", _U.created_at), "YYYY-MM", type_=Text).label("month")
_BY_MONTH = _report(
    select(
        _month,
        _count(_U.user_id, "users"),
        _sum(_U.messages),
        _sum(_U.conversations),
        _sum(_U.tokens),
    ).group_by(_month),
    _U.created_at,
    MonthReport,
    "month",
    parse_text,
)
_cause = cast(Product.cause, Text).label("cause")
_BY_CAUSE = _report(
    select(
        _cause,
        _count(Group.__table__.c.id, "groups"),
        _count(_U.user_id, "users"),
        _sum(_U.messages),
        _sum(_U.tokens),
    )
    .select_from(UsageEntry)
    .join(Conversation, Conversation.id == _U.conversation_id)
    .join(Group, Group.id == Conversation.group_id)
    .join(Product, Product.id == Group.product_id)
    .where(_U.messages > 0)
    .group_by(_cause),
    _U.created_at,
    lambda cause, *numbers: CauseReport(Cause(cause), *numbers),
    "cause",
    parse_text,
    messages=parse_big,
)
_BY_USER = _report(
    select(_U.user_id, _sum(_U.messages), _sum(_U.conversations), _sum(_U.tokens)).group_by(
        _U.user_id
    ),
    _U.created_at,
    UserReport,
    "user_id",
    parse_int,
    messages=parse_big,
    tokens=parse_big,
)
_failed = or_(_A.error_message.is_not(None), _A.status_code >= 400)


def _percentile(fraction: float, name: str) -> ColumnElement[float]:
    within = func.percentile_cont(fraction).within_group(_A.response_time_ms.asc())
    return cast(within, Float).label(name)


_BY_ENDPOINT = _report(
    select(
        _A.endpoint,
        func.count().label("calls"),
        func.count().filter(_failed).label("errors"),
        _percentile(0.5, "p50"),
        _percentile(0.95, "p95"),
    ).group_by(_A.endpoint),
    _A.created_at,
    EndpointReport,
    "endpoint",
    parse_text,
    calls=parse_big,
    errors=parse_big,
    p95=parse_float,
)


async def report_months(analytics: Postgres, viewer: Viewer, query: ListQuery) -> Page[MonthReport]:
    """Usage by month, UTC's.

    Args:
        analytics: The main database, or a copy of it.
        viewer: An admin.
        query: The page; its filters are `since` and `until`, the first instant beyond.

    Raises:
        Unauthenticated: Nobody is signed in.
        Forbidden: The viewer is no admin.
        InvalidCursor: The cursor is of another list.
        StoreUnavailable: The database does not answer in the time that reports have.
    """
    return await _page(analytics, viewer, _BY_MONTH, query)


async def report_causes(analytics: Postgres, viewer: Viewer, query: ListQuery) -> Page[CauseReport]:
    """Messages by the cause of the product that their group is around; as `report_months`."""
    return await _page(analytics, viewer, _BY_CAUSE, query)


async def report_users(analytics: Postgres, viewer: Viewer, query: ListQuery) -> Page[UserReport]:
    """Usage by user; as `report_months`."""
    return await _page(analytics, viewer, _BY_USER, query)


async def report_endpoints(
    analytics: Postgres, viewer: Viewer, query: ListQuery
) -> Page[EndpointReport]:
    """Calls by operation or route; as `report_months`."""
    return await _page(analytics, viewer, _BY_ENDPOINT, query)


async def _page(
    analytics: Postgres, viewer: Viewer, report: Listing[R], query: ListQuery
) -> Page[R]:
    viewer.require()
    if not viewer.is_admin:
        raise Forbidden("Only admins read reports.")
    return await report.page(analytics, query)
