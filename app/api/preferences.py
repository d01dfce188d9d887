"""A user's preferences: the mutation that changes them, and the stream of them."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

import strawberry
from strawberry import Maybe, Parent
from strawberry.scalars import JSON

from app.api.context import Info
from app.api.mutation import KeyedInput, Payload, given, mutation
from app.api.types import Preferences, User
from app.users import preferences
from app.users.models import AiProvider, ChatTheme
from app.users.preferences import MAX_CUSTOM, MAX_MODEL, PreferencesRecord
from app.users.queries import UserRecord

# By argument, the columns that hold what may not be null.
_REQUIRED = {
    "preferredAiProvider": "preferred_ai_provider",
    "temperature": "temperature",
    "chatTheme": "chat_theme",
    "language": "language",
    "emailNotifications": "email_notifications",
}


@strawberry.input(description="What to change; what is left out stays as it is.")
class PreferencesUpdateInput(KeyedInput):
    """The input of `preferencesUpdate`."""

    preferred_ai_provider: Maybe[AiProvider | None] = strawberry.field(
        description="The assistant to ask."
    )
    preferred_model: Maybe[str | None] = strawberry.field(
        description=f"Its model: at most {MAX_MODEL} characters. Null leaves it to the assistant."
    )
    temperature: Maybe[float | None] = strawberry.field(
        description="How freely it answers, from 0 to 2."
    )
    chat_theme: Maybe[ChatTheme | None] = strawberry.field(description="How to paint a chat.")
    language: Maybe[str | None] = strawberry.field(
        description="The language, as a tag such as en or pt-BR."
    )
    email_notifications: Maybe[bool | None] = strawberry.field(
        description="Whether to tell them by mail."
    )
    custom: Maybe[JSON | None] = strawberry.field(
        description=f"What clients keep for themselves: an object of at most {MAX_CUSTOM:,} bytes, "
        "which takes the place of the one before. Null empties it."
    )


@strawberry.type(description="What came of `preferencesUpdate`.")
class PreferencesUpdatePayload(Payload):
    """The preferences and whose they are."""

    preferences: PreferencesRecord | None = strawberry.field(
        default=None,
        graphql_type=Preferences | None,
        description="The preferences as they are now.",
    )
    user: UserRecord | None = strawberry.field(
        default=None, graphql_type=User | None, description="You."
    )


@strawberry.type
class PreferencesMutations:
    """Writes."""

    @mutation(
        PreferencesUpdatePayload,
        description="Change how clients behave for you; all of your devices are told.",
    )
    async def preferences_update(
        self,
        info: Info,
        input_: Annotated[
            PreferencesUpdateInput, strawberry.argument(name="input", description="What to change.")
        ],
    ) -> PreferencesUpdatePayload:
        context = info.context
        changes = {
            column: value
            for argument, column in _REQUIRED.items()
            if (value := given(getattr(input_, column), argument)) is not None
        }
        if input_.preferred_model is not None:
            changes["preferred_model"] = input_.preferred_model.value
        if input_.custom is not None:
            changes["preferences"] = {} if input_.custom.value is None else input_.custom.value
        services, viewer = context.services, context.viewer
        changed = await preferences.update_preferences(
            services.auth, services.bus, viewer, changes, client_key=input_.client_key
        )
        user = await context.loaders.user_by_id.load(viewer.require())
        return PreferencesUpdatePayload(preferences=changed, user=user)


@strawberry.type(description="Your preferences were changed.")
class PreferencesChanged:
    """Read off a `PreferencesRecord`."""

    @strawberry.field(
        description="As they are now, newer than in the event before.", graphql_type=Preferences
    )
    def preferences(self, root: Parent[PreferencesRecord]) -> PreferencesRecord:
        return root


@strawberry.type
class PreferencesSubscriptions:
    """Streams."""

    @strawberry.subscription(
        description="Your preferences, as they are first and then whenever one of your devices "
        "changes them.",
        graphql_type=PreferencesChanged,
    )
    async def preferences_changed(self, info: Info) -> AsyncIterator[PreferencesRecord]:
        services = info.context.services
        events = preferences.preferences_events(services.auth, services.bus, info.context.viewer)
        async with aclosing(events):
            async for event in events:
                yield event
