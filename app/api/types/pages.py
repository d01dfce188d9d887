"""Pages of users whose numbers another store holds."""

from app.api.context import Info
from app.paging import Page, PageArgs, page_of_ids
from app.users.queries import UserRecord


async def users_page(info: Info, ids: list[int], args: PageArgs) -> Page[UserRecord]:
    """A page of users whose numbers are known, in order; accounts that are gone are left out."""
    return await users_of(info, page_of_ids(ids, args))


async def users_of(info: Info, page: Page[int]) -> Page[UserRecord]:
    """The users with a page's numbers; accounts that are gone are left out."""
    users = await info.context.loaders.user_by_id.load_many(page.items)
    known = [(u, c) for u, c in zip(users, page.cursors, strict=True) if u is not None]
    return Page(
        [user for user, _ in known],
        [cursor for _, cursor in known],
        page.has_next,
        page.has_previous,
    )
