"""Relay connections over keyset pages, and the arguments that every one takes."""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Generic, TypeVar

import strawberry
from strawberry import Parent

from app.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Page

NodeT = TypeVar("NodeT")

First = Annotated[
    int | None,
    strawberry.argument(
        description=f"How many items to give, from the list's start or from `after` on: at most "
        f"{MAX_PAGE_SIZE}, {DEFAULT_PAGE_SIZE} if neither `first` nor `last` is given."
    ),
]
After = Annotated[
    str | None,
    strawberry.argument(description="Give the items that follow the one with this cursor."),
]
Last = Annotated[
    int | None,
    strawberry.argument(
        description=f"How many items to give, counted from the list's end or backwards from "
        f"`before`: at most {MAX_PAGE_SIZE}."
    ),
]
Before = Annotated[
    str | None,
    strawberry.argument(description="Give the items that precede the one with this cursor."),
]


@strawberry.enum(description="Which way a list is ordered.")
class OrderDirection(Enum):
    """The direction of an `orderBy`."""

    ASC = strawberry.enum_value("asc", description="From low to high, from old to new.")
    DESC = strawberry.enum_value("desc", description="From high to low, from new to old.")


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Relay's PageInfo, read off a `Page`."""

    @strawberry.field(description="Whether items follow this page.")
    def has_next_page(self, root: Parent[Page[Any]]) -> bool:  # noqa: D102
        return root.has_next

    @strawberry.field(description="Whether items precede this page.")
    def has_previous_page(self, root: Parent[Page[Any]]) -> bool:  # noqa: D102
        return root.has_previous

    @strawberry.field(description="The first item's cursor; null on an empty page.")
    def start_cursor(self, root: Parent[Page[Any]]) -> str | None:  # noqa: D102
        return root.cursors[0] if root.cursors else None

    @strawberry.field(description="The last item's cursor; null on an empty page.")
    def end_cursor(self, root: Parent[Page[Any]]) -> str | None:  # noqa: D102
        return root.cursors[-1] if root.cursors else None


@dataclass(slots=True)
class EdgeRecord:
    """An item of a page with its cursor."""

    cursor: str
    node: Any


@strawberry.type(description="An item of a list, with its place in it.")
class Edge(Generic[NodeT]):
    """Relay's edge, read off an `EdgeRecord`."""

    cursor: str = strawberry.field(description="The item's place, for `after` and `before`.")
    node: NodeT = strawberry.field(description="The item.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[NodeT]):
    """Relay's connection, read off a `Page`."""

    @strawberry.field(description="The items, each with its cursor.")
    def edges(self, root: Parent[Page[Any]]) -> list[Edge[NodeT]]:  # noqa: D102
        pairs = zip(root.cursors, root.items, strict=True)
        return [EdgeRecord(cursor, item) for cursor, item in pairs]  # type: ignore[misc]

    @strawberry.field(description="The items alone.")
    def nodes(self, root: Parent[Page[Any]]) -> list[NodeT]:  # noqa: D102
        return root.items  # type: ignore[return-value]

    @strawberry.field(description="Where the page lies in its list.")
    def page_info(self, root: Parent[Page[Any]]) -> PageInfo:  # noqa: D102
        return root  # type: ignore[return-value]
