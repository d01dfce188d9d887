"""What every table and collection has of users, column by column: erasure and archive follow it.

A test walks the models: a column that is not here fails it, until somebody has decided what it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto


class Fate(Enum):
    """What becomes of an erased user's rows."""

    KEPT = auto()  # nothing in them but numbers and times
    DELETED = auto()
    BLANKED = auto()  # what is personal and what they wrote goes, the rows stay
    APART = auto()  # by a step of its own


@dataclass(frozen=True, slots=True)
class Holding:
    """One table or collection. Each of its columns is in one of the lists.

    Attributes:
        technical: What tells nothing of a person: ids, times, counts, states.
        owners: Whose a row is, by number: it is in their archive.
        public: Whose it is, by public id as text; somebody else of `owners` may have done it.
        others: What names or quotes further users: in nobody's archive.
        personal: What tells who somebody is.
        content: What somebody wrote.
        secrets: Hashes, and what only indexes the others: in nobody's archive.
        through: A column, then the holding and its column that say, by their owner, whose it is,
            and the column that says since when it is no longer.
        gone: A column, and its value in rows that are theirs no longer: in nobody's archive.
        erased: What becomes of it.
    """

    technical: str
    owners: str = ""
    public: str = ""
    others: str = ""
    personal: str = ""
    content: str = ""
    secrets: str = ""
    through: str = ""
    gone: str = ""
    erased: Fate = Fate.KEPT

    @property
    def columns(self) -> list[str]:
        """Every column, in the order of the lists."""
        lists = (self.technical, self.owners, self.public, self.others)
        return " ".join((*lists, self.personal, self.content, self.secrets)).split()

    @property
    def archived(self) -> list[str]:
        """The columns that the archive shows."""
        shown = (self.technical, self.owners, self.public, self.personal, self.content)
        return " ".join(shown).split()

    @property
    def is_owned(self) -> bool:
        """Whether its rows are somebody's."""
        return bool(self.owners or self.public or self.through)


_CHANGE = Holding(
    "id created_at action entity_type before after request_id",
    owners="actor_id",
    public="entity_id",
    personal="ip_address",
)
_REQUEST = Holding(
    "operation created_at result",
    owners="user_id",
    content="client_key",
    secrets="request_hash",
    erased=Fate.DELETED,
)

AUTH: Mapping[str, Holding] = {
    "users": Holding(
        "public_id subscription_tier is_active status role registration_platform is_online metadata"
        " last_login_at last_seen_at deleted_at created_at updated_at",
        owners="id",
        personal="external_subject email name username first_name last_name profile_image_url"
        " contact_number contact_country_code city state country pincode gender dob purpose_code"
        " nationality ethnicity qualification profession",
        content="profile",
        secrets="email_index contact_index",
        erased=Fate.APART,
    ),
    "user_sessions": Holding(
        "id started_at last_activity_at ended_at device_type",
        owners="user_id",
        personal="ip_address user_agent",
        content="metadata",
        secrets="session_id",
        erased=Fate.BLANKED,
    ),
    "tokens": Holding(
        "id session_id family_id platform_type expire_at used_at revoked_at created_at",
        owners="user_id",
        secrets="token_hash",
        erased=Fate.DELETED,
    ),
    "user_verifications": Holding(
        "id attempts attempts_elsewhere verification_source action_platform action verified"
        " expire_at created_at updated_at",
        owners="user_id",
        secrets="subject claim otp_hash asker",
        erased=Fate.DELETED,
    ),
    "user_preferences": Holding(
        "id preferred_ai_provider temperature chat_theme email_notifications version created_at"
        " updated_at",
        owners="user_id",
        content="preferred_model language preferences",
        erased=Fate.DELETED,
    ),
    "auth_client_requests": _REQUEST,
    "auth_audit_events": _CHANGE,
    "auth_audit_links": Holding("seq event_id created_at digest hash"),
    "auth_audit_head": Holding("id seq hash"),
    "audit_checkpoints": Holding("id seq hash pruned_before signed_at signature"),
    "erasures": Holding(
        "id public_id requested_at steps claimed_until completed_at", owners="user_id"
    ),
}

MAIN: Mapping[str, Holding] = {
    "products": Holding(
        "id cause mrp selling_price publishing_status deleted_at created_at updated_at",
        owners="vendor_id",
        secrets="search",
        content="title description product_url images",
        others="remark",
        erased=Fate.APART,
    ),
    "groups": Holding(
        "id product_id parent_id enclosing_id visibility join_policy last_message_id deleted_at"
        " created_at updated_at",
        owners="owner_id",
        content="name description",
        erased=Fate.APART,
    ),
    "group_members": Holding("group_id role joined_at", owners="user_id", erased=Fate.APART),
    "group_invitations": Holding(
        "id group_id created_at expires_at answer answered_at",
        owners="user_id inviter_id",
        erased=Fate.DELETED,
    ),
    "group_invitation_links": Holding(
        "id group_id max_uses uses created_at expires_at revoked_at",
        owners="creator_id",
        secrets="token_hash",
        erased=Fate.DELETED,
    ),
    "conversations": Holding(
        "id kind group_id details_version created_at updated_at",
        others="created_by",
        content="title summary tags context metadata",
        through="id conversation_members conversation_id removed_seq",
        erased=Fate.APART,
    ),
    "conversation_members": Holding(
        "conversation_id joined_seq removed_seq read_msg_no read_at joined_at is_archived"
        " muted_until pinned_at settings_version",
        owners="user_id",
    ),
    "conversation_heads": Holding(
        "conversation_id last_seq last_msg_no total_tokens last_activity_at"
    ),
    "messages": Holding(
        "id conversation_id seq msg_no kind target_id group_id role model provider tokens"
        " total_tokens reply_to_id thread_id thread_no reply_count edit_count edit_no"
        " mentions_everyone edited_at deleted version epoch created_at updated_at",
        owners="sender_id",
        others="mention_ids",
        content="text attachments metadata client_key",
        secrets="search",
        erased=Fate.APART,
    ),
    "message_reactions": Holding(
        "message_id seq", owners="user_id", content="emoji", erased=Fate.APART
    ),
    "message_pins": Holding("message_id conversation_id seq"),
    "attachments": Holding(
        "id conversation_id message_id scheduled_id content_type size state freed_at created_at",
        owners="owner_id",
        content="name",
        secrets="sha256 location",
        gone="state discarded",
        erased=Fate.APART,
    ),
    "scheduled_messages": Holding(
        "id conversation_id reply_to_id send_at state claimed_until failure message_id created_at",
        owners="sender_id",
        content="text attachments metadata",
        erased=Fate.DELETED,
    ),
    # A program's: what it keeps with an answer until that is a message.
    "answers": Holding(
        "id conversation_id reply_to_id model provider outcome created_at",
        owners="sender_id",
        content="metadata",
        erased=Fate.DELETED,
    ),
    "feed_heads": Holding("feed last_seq"),
    # A group's names its members, by number.
    "feed_entries": Holding("feed seq kind created_at", owners="actor_id", others="subject_id"),
    "mirror_pending": Holding("conversation_id seq epoch created_at"),
    "message_quarantine": Holding(
        "id message_id conversation_id seq epoch reason created_at",
        content="entry",
        erased=Fate.APART,
    ),
    "store_state": Holding("id epoch mode era updated_at"),
    "moderation_queue": Holding(
        "id subject_kind subject_id conversation_id status priority escalated resolved_at"
        " created_at updated_at",
        owners="reported_by",
        others="assigned_to snapshot",
        content="reason",
        erased=Fate.BLANKED,
    ),
    # What staff decided, in their office: history, which nothing changes.
    "moderation_decisions": Holding("id item_id verdict note created_at", owners="moderator_id"),
    "user_usage_stats": Holding(
        "id total_messages total_conversations total_tokens_used monthly_messages monthly_tokens"
        " month_year created_at updated_at",
        owners="user_id",
    ),
    "monthly_usage": Holding(
        "month_year messages conversations tokens created_at updated_at", owners="user_id"
    ),
    "usage_ledger": Holding(
        "id conversation_id messages conversations tokens created_at counted_at", owners="user_id"
    ),
    "api_logs": Holding(
        "id created_at endpoint method status_code response_time_ms error_message",
        owners="user_id",
        personal="ip_address user_agent",
        erased=Fate.BLANKED,
    ),
    "client_requests": _REQUEST,
    "audit_events": _CHANGE,
    "audit_links": Holding("seq event_id created_at digest hash"),
    "audit_head": Holding("id seq hash"),
    "auth_audit_checkpoints": Holding("id seq hash pruned_before signed_at signature"),
}

# By the names that documents have in the collections.
MONGO: Mapping[str, Holding] = {
    "conversations": Holding(
        "_id kind group_id details_version message_count total_tokens last_seq activity members_seq"
        " changed_at created_at updated_at",
        owners="participant_ids",
        others="user_id inbox_ids last_message",
        content="title summary tags context metadata",
        erased=Fate.APART,
    ),
    "crowds": Holding("_id members_seq changed_at", owners="participant_ids", erased=Fate.APART),
    "messages": Holding(
        "_id conversation_id seq msg_no slot kind target_id role model provider tokens deleted"
        " version dirty era created_at updated_at reply_to_id thread_slot edit_slot reply_count"
        " edit_count mentions_everyone edited_at",
        owners="sender_id",
        others="mention_ids",
        content="text attachments metadata client_key",
        erased=Fate.APART,
    ),
    "reactions": Holding(
        "_id message_id seq removed", owners="user_id", content="emoji", erased=Fate.APART
    ),
    "pins": Holding("_id conversation_id seq removed"),
    "mentions": Holding(
        "_id conversation_id msg_no place version", owners="user_ids", others="members"
    ),
    "receipts": Holding(
        "_id conversation_id read_msg_no read_at is_archived muted_until pinned_at"
        " settings_version",
        owners="user_id",
        erased=Fate.APART,
    ),
    "store_state": Holding("_id epoch mode era"),
}
