"""Relay connections over keyset pages, and the arguments that every one takes."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Generic, TypeVar

import strawberry
from strawberry import Parent

from app.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Page, page_args

NodeT = TypeVar("NodeT")


@strawberry.enum(description="Which way a list is ordered.")
class OrderDirection(Enum):
    """The direction of an `orderBy`."""

    ASC = strawberry.enum_value("asc", description="From low to high, from old to new.")
    DESC = strawberry.enum_value("desc", description="From high to low, from new to old.")


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Relay's PageInfo, read off a `Page`."""

    @strawberry.field(description="Whether items follow this page.")
    def has_next_page(self, root: Parent[Page[Any]]) -> bool:
        return root.has_next

    @strawberry.field(description="Whether items precede this page.")
    def has_previous_page(self, root: Parent[Page[Any]]) -> bool:
        return root.has_previous

    @strawberry.field(
        description="The first item's cursor, or how far backwards a page was looked for that is "
        "not full; null on an empty page with nothing before it."
    )
    def start_cursor(self, root: Parent[Page[Any]]) -> str | None:
        return root.start or (root.cursors[0] if root.cursors else None)

    @strawberry.field(
        description="The last item's cursor, or how far a page was looked for that is not full; "
        "null on an empty page with nothing after it."
    )
    def end_cursor(self, root: Parent[Page[Any]]) -> str | None:
        return root.end or (root.cursors[-1] if root.cursors else None)


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
    def edges(self, root: Parent[Page[Any]]) -> list[Edge[NodeT]]:
        pairs = zip(root.cursors, root.items, strict=True)
        return [EdgeRecord(cursor, item) for cursor, item in pairs]  # type: ignore[misc]

    @strawberry.field(description="The items alone.")
    def nodes(self, root: Parent[Page[Any]]) -> list[NodeT]:
        return root.items  # type: ignore[return-value]

    @strawberry.field(description="Where the page lies in its list.")
    def page_info(self, root: Parent[Page[Any]]) -> PageInfo:
        return root  # type: ignore[return-value]


_First = Annotated[
    int | None,
    strawberry.argument(
        description=f"How many items to give, from the list's start or from `after` on: at most "
        f"{MAX_PAGE_SIZE}, {DEFAULT_PAGE_SIZE} if neither `first` nor `last` is given."
    ),
]
_After = Annotated[
    str | None,
    strawberry.argument(description="Give the items that follow the one with this cursor."),
]
_Last = Annotated[
    int | None,
    strawberry.argument(
        description=f"How many items to give, counted from the list's end or backwards from "
        f"`before`: at most {MAX_PAGE_SIZE}."
    ),
]
_Before = Annotated[
    str | None,
    strawberry.argument(description="Give the items that precede the one with this cursor."),
]
_RELAY = tuple(
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
    for name, annotation in (
        ("first", _First),
        ("after", _After),
        ("last", _Last),
        ("before", _Before),
    )
)


def connection(of: Any, *, description: str, nullable: bool = False) -> Any:
    """A field that gives pages: its resolver takes `args: PageArgs` for Relay's four arguments.

    Args:
        of: The type of the items.
        description: As the schema shows it.
        nullable: Whether a store that is away nulls the field alone.
    """
    pages = Connection[of]

    def decorate(resolver: Callable[..., Awaitable[Page[Any] | None]]) -> Any:
        signature = inspect.signature(resolver)
        shown = [
            p
            for parameter in signature.parameters.values()
            for p in (_RELAY if parameter.name == "args" else (parameter,))
        ]

        async def paged(
            *positional: Any,
            first: int | None = None,
            after: str | None = None,
            last: int | None = None,
            before: str | None = None,
            **named: Any,
        ) -> Page[Any] | None:
            args = page_args(first, after, last, before)
            return await resolver(*positional, args=args, **named)

        paged.__name__ = resolver.__name__
        paged.__module__ = resolver.__module__
        # What Strawberry reads.
        paged.__signature__ = signature.replace(parameters=shown)  # type: ignore[attr-defined]
        paged.__annotations__ = {p.name: p.annotation for p in shown}
        return strawberry.field(
            resolver=paged,
            description=description,
            graphql_type=pages | None if nullable else pages,
        )

    return decorate
