"""Which products: the conditions that lists and searches of products share."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import strawberry

from app.api.context import Info
from app.api.ids import uuid_of
from app.errors import NotFound
from app.products.commands import MAX_TITLE, check_price
from app.products.models import Cause, PublishingStatus
from app.text import clean_text


@strawberry.input(description="Which products to list; every condition that is given must hold.")
class ProductFilter:
    """Conditions of `products` and `productSearch`."""

    causes: list[Cause] | None = strawberry.field(
        default=None, description="For any of these causes."
    )
    statuses: list[PublishingStatus] | None = strawberry.field(
        default=None, description="In any of these statuses, as far as you may see them."
    )
    vendor_id: strawberry.ID | None = strawberry.field(
        default=None, description="Sold by the user with this id."
    )
    min_selling_price: Decimal | None = strawberry.field(
        default=None, description="Sold at this price or more."
    )
    max_selling_price: Decimal | None = strawberry.field(
        default=None, description="Sold at this price or less."
    )
    created_from: datetime | None = strawberry.field(
        default=None, description="Made at this time or later."
    )
    created_before: datetime | None = strawberry.field(
        default=None, description="Made before this time."
    )
    updated_from: datetime | None = strawberry.field(
        default=None, description="Last changed at this time or later."
    )
    updated_before: datetime | None = strawberry.field(
        default=None, description="Last changed before this time."
    )
    title_contains: str | None = strawberry.field(
        default=None, description="With this in the title, in either case."
    )
    is_deleted: bool = strawberry.field(
        default=False,
        description="Deleted, as far as you may see them: your own, and all as staff.",
    )


async def filters_of(info: Info, given: ProductFilter | None) -> tuple[tuple[str, Any], ...]:
    """The filter as the domain takes it.

    Raises:
        NotFound: There is no such vendor.
        Invalid, Required, TooLong: A value breaks its rule.
    """
    if given is None:
        return ()
    filters: dict[str, Any] = {"deleted": given.is_deleted}
    # Sorted and single: two ways of asking for the same are one statement's parameters.
    if given.causes is not None:
        filters["causes"] = tuple(sorted(set(given.causes)))
    if given.statuses is not None:
        filters["statuses"] = tuple(sorted(set(given.statuses)))
    if given.vendor_id is not None:
        key = uuid_of(given.vendor_id, "User", field=["filter", "vendorId"])
        vendor = await info.context.loaders.user_by_public_id.load(key)
        if vendor is None:
            raise NotFound("There is no such user.", field=["filter", "vendorId"])
        filters["vendor"] = vendor.id
    for name, argument, attribute, rule in _RULES:
        if (value := getattr(given, attribute)) is not None:
            filters[name] = rule(value, field=["filter", argument])
    return tuple(filters.items())


_PART = partial(clean_text, max_length=MAX_TITLE)

# The domain's filter, the argument in the API, the input's attribute, and what makes its value
# clean or refuses it.
_RULES: tuple[tuple[str, str, str, Callable[..., Any]], ...] = (
    ("min_price", "minSellingPrice", "min_selling_price", check_price),
    ("max_price", "maxSellingPrice", "max_selling_price", check_price),
    ("created_from", "createdFrom", "created_from", lambda time, **_: time),
    ("created_before", "createdBefore", "created_before", lambda time, **_: time),
    ("updated_from", "updatedFrom", "updated_from", lambda time, **_: time),
    ("updated_before", "updatedBefore", "updated_before", lambda time, **_: time),
    (
        "title_contains",
        "titleContains",
        "title_contains",
        partial(clean_text, max_length=MAX_TITLE),
    ),
)
