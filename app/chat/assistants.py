"""What an assistant may know of whom it talks with, beyond what everybody sees of them."""

from collections.abc import Sequence

from app.chat.log import ConversationRecord
from app.chat.models import ConversationKind
from app.stores.postgres import Postgres
from app.users.models import UserRole
from app.users.preferences import PreferencesRecord, preferences_of
from app.viewer import Viewer


async def preferences_by_conversations(
    auth: Postgres, viewer: Viewer, conversations: Sequence[ConversationRecord]
) -> list[PreferencesRecord | None]:
    """How whoever started each wants to be answered; the viewer was shown the conversations.

    None where it is with no assistant, or the viewer is neither that user nor a service account.
    """

    def is_shown(conversation: ConversationRecord) -> bool:
        may = viewer.role == UserRole.SERVICE or viewer.user_id == conversation.user_id
        return may and conversation.kind == ConversationKind.ASSISTANT

    users = list({c.user_id for c in conversations if is_shown(c)})
    found = await preferences_of(auth, users) if users else {}
    return [found[c.user_id] if is_shown(c) else None for c in conversations]
