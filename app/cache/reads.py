"""What loaders read through the cache: users, products, the viewer's own memberships.

As the domains' own reads of the same names. Commands read past it, and so do staff, who see more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.cache.records import Cache, Kind
from app.groups import queries as groups
from app.groups.queries import MemberRecord
from app.products import queries as products
from app.products.queries import ProductRecord, can_see_product
from app.stores.postgres import Postgres
from app.users import queries as users
from app.users.queries import UserRecord
from app.viewer import Viewer

_USER: Kind[int, UserRecord] = Kind("user", UserRecord)
_PRODUCT: Kind[str, ProductRecord] = Kind("product", ProductRecord)
_MEMBERSHIP: Kind[tuple[UUID, int], MemberRecord] = Kind(
    "membership", MemberRecord, lambda key: f"{key[0]}:{key[1]}"
)


@dataclass(frozen=True, slots=True)
class Cached:
    """The cache, and the databases behind it."""

    cache: Cache
    main: Postgres
    auth: Postgres


async def users_by_ids(
    cached: Cached, viewer: Viewer, ids: Sequence[int]
) -> list[UserRecord | None]:
    """The profiles of these users, in order; None where there is none or the viewer is nobody."""
    if viewer.user_id is None:
        return [None] * len(ids)
    return await cached.cache.read(
        _USER, ids, lambda missing: users.users_by_ids(cached.auth, viewer, missing)
    )


async def products_by_ids(
    cached: Cached, viewer: Viewer, ids: Sequence[str]
) -> list[ProductRecord | None]:
    """The products with these ids, in order; None where there is none that the viewer may see."""
    if viewer.is_staff:
        return await products.products_by_ids(cached.main, viewer, ids)
    found = await cached.cache.read(
        _PRODUCT, ids, lambda missing: products.products_for_all(cached.main, missing)
    )
    return [product if product and _is_seen(viewer, product) else None for product in found]


def _is_seen(viewer: Viewer, product: ProductRecord) -> bool:
    return can_see_product(
        viewer,
        vendor_id=product.vendor_id,
        status=product.publishing_status,
        deleted_at=product.deleted_at,
    )


async def memberships_of_viewer(
    cached: Cached, viewer: Viewer, group_ids: Sequence[UUID]
) -> list[MemberRecord | None]:
    """The viewer's own membership in each group, in order; None where they do not belong."""
    if viewer.user_id is None:
        return [None] * len(group_ids)

    async def fetch(missing: list[tuple[UUID, int]]) -> list[MemberRecord | None]:
        return await groups.memberships_of_viewer(cached.main, viewer, [key[0] for key in missing])

    return await cached.cache.read(_MEMBERSHIP, [(i, viewer.user_id) for i in group_ids], fetch)
