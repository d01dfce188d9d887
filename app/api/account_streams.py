"""One's own account, live."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import strawberry

from app.api.context import Info
from app.api.types import User
from app.users.following import account_changes
from app.users.queries import UserRecord


@strawberry.type(description="Your account has changed.")
class ViewerChanged:
    """Tells who should look; what there is to see is asked of them."""

    @strawberry.field(description="You, as you are now.", graphql_type=User | None)
    async def viewer(self, info: Info) -> UserRecord | None:
        return await info.context.loaders.user_by_id.load(info.context.viewer.require())


@strawberry.type
class AccountSubscriptions:
    """Streams."""

    @strawberry.subscription(
        description="Your profile, your personal data and where you are signed in: an event at "
        "once, and one whenever they change.",
        graphql_type=ViewerChanged,
    )
    async def viewer_changed(self, info: Info) -> AsyncIterator[ViewerChanged]:
        services = info.context.services
        changes = account_changes(services.auth, services.bus, info.context.viewer)
        async with aclosing(changes):
            async for _ in changes:
                yield ViewerChanged()
