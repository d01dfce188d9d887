"""What each user used; for the user and for admins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import ARRAY, Integer, Text, and_, any_, bindparam, func, select

from app.listing import Listing, Order
from app.paging import ListQuery, Page, parse_text
from app.stores.postgres import Postgres, Read
from app.usage.models import MonthlyUsage, UserUsageStats
from app.viewer import Viewer


@dataclass(slots=True)
class MonthRecord:
    """What one user used in one month.

    Attributes:
        month: As `2026-07`, UTC's.
    """

    month: str
    messages: int
    conversations: int
    tokens: int


@dataclass(slots=True)
class UsageRecord:
    """What one user used since the beginning, and in this month."""

    user_id: int
    total_messages: int
    total_conversations: int
    total_tokens: int
    this_month: MonthRecord


class MonthOrder(StrEnum):
    """The order of a user's months."""

    MONTH = "month"


_S = UserUsageStats.__table__.c
_M = MonthlyUsage.__table__.c
_BY_USERS = Read(
    select(
        _S.user_id,
        _S.total_messages,
        _S.total_conversations,
        _S.total_tokens_used,
        func.coalesce(_M.messages, 0),
        func.coalesce(_M.conversations, 0),
        func.coalesce(_M.tokens, 0),
    )
    .select_from(UserUsageStats)
    .outerjoin(
        MonthlyUsage,
        and_(_M.user_id == _S.user_id, _M.month_year == bindparam("month", type_=Text)),
    )
    .where(_S.user_id == any_(bindparam("ids", type_=ARRAY(Integer))))
)
_MONTHS = Listing(
    columns=(_M.month_year, _M.messages, _M.conversations, _M.tokens),
    build=MonthRecord,
    orders={MonthOrder.MONTH: Order((_M.month_year,), (parse_text,))},
)


async def usage_by_users(
    main: Postgres, viewer: Viewer, ids: Sequence[int]
) -> list[UsageRecord | None]:
    """What these users used, in order; None for those whose usage is not the viewer's to see."""
    shown = [i for i in ids if _is_shown(viewer, i)]
    if not shown:
        return [None] * len(ids)
    month = f"{datetime.now(UTC):%Y-%m}"
    found = {
        row[0]: UsageRecord(row[0], row[1], row[2], row[3], MonthRecord(month, *row[4:]))
        for row in await main.fetch(_BY_USERS, ids=shown, month=month)
    }
    nothing = {i: UsageRecord(i, 0, 0, 0, MonthRecord(month, 0, 0, 0)) for i in shown}
    return [(nothing | found).get(i) for i in ids]


async def months_by_users(
    main: Postgres, viewer: Viewer, ids: Sequence[int], query: ListQuery
) -> list[Page[MonthRecord]]:
    """A page of the months in which each user used anything; empty where the viewer sees none.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    shown = [i for i in ids if _is_shown(viewer, i)]
    if not shown:
        return [Page.empty() for _ in ids]
    pages = dict(zip(shown, await _MONTHS.pages(main, _M.user_id, shown, query), strict=True))
    return [pages.get(i, Page.empty()) for i in ids]


def _is_shown(viewer: Viewer, user_id: int) -> bool:
    return viewer.is_admin or viewer.user_id == user_id
