"""How a user wants clients to behave."""

from typing import Any

import strawberry
from strawberry import Parent
from strawberry.scalars import JSON

from app.users.models import AiProvider, ChatTheme
from app.users.preferences import PreferencesRecord


@strawberry.type(description="How you want clients to behave; the server itself does not look.")
class Preferences:
    """Read off a `PreferencesRecord`."""

    version: int = strawberry.field(
        description="Greater after each change: a client drops a state that is not newer than its "
        "own."
    )
    preferred_ai_provider: AiProvider = strawberry.field(description="The assistant to ask.")
    preferred_model: str | None = strawberry.field(
        description="Its model; null for what the assistant takes by itself."
    )
    temperature: float = strawberry.field(description="How freely it answers, from 0 to 2.")
    chat_theme: ChatTheme = strawberry.field(description="How to paint a chat.")
    language: str = strawberry.field(description="The language, as a tag such as en or pt-BR.")
    email_notifications: bool = strawberry.field(description="Whether to tell them by mail.")

    @strawberry.field(description="What clients keep for themselves.", graphql_type=JSON)
    def custom(self, root: Parent[PreferencesRecord]) -> dict[str, Any]:
        return root.preferences


@strawberry.type(description="How somebody wants an assistant to answer: what it needs, no more.")
class AssistantPreferences:
    """Read off a `PreferencesRecord`."""

    preferred_ai_provider: AiProvider = strawberry.field(description="The assistant to ask.")
    preferred_model: str | None = strawberry.field(
        description="Its model; null for what the assistant takes by itself."
    )
    temperature: float = strawberry.field(description="How freely it answers, from 0 to 2.")
    language: str = strawberry.field(description="The language, as a tag such as en or pt-BR.")
