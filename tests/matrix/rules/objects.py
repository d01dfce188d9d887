"""Every field of every object, and whom it is shown to. What a new field needs is a line here."""

from dataclasses import dataclass

from tests.matrix.columns import (
    ACCOUNTS,
    ADMIN,
    ANONYMOUS,
    EVERYBODY,
    FORMER,
    HIDDEN,
    MEMBER,
    MODERATOR,
    OWNER,
    PARTICIPANTS,
    SERVICE,
    STAFF,
    STRANGER,
    VENDOR_AND_STAFF,
    Is,
    Row,
    only,
    row,
)


@dataclass(frozen=True)
class Subject:
    """An object of the estate, and whom each of its fields is shown to.

    Attributes:
        of_type: The type of the object.
        node: The estate's name of the node where the way to it begins; empty for the query.
        via: The fields from there to the object; pages and lists lead to their first item.
        fields: Names of fields, apart by spaces, and their row.
    """

    of_type: str
    node: str
    fields: dict[str, Row]
    via: tuple[str, ...] = ()

    def rows(self) -> dict[str, Row]:
        """The row of each field."""
        return {name: row for names, row in self.fields.items() for name in names.split()}


_PROFILE = (
    "id name username firstName lastName profileImageUrl subscriptionTier status role "
    "registrationPlatform isActive isOnline profile createdAt updatedAt"
)
_PERSONAL = (
    "email contactNumber contactCountryCode city state country pincode gender dob purposeCode "
    "nationality ethnicity qualification profession externalSubject lastLoginAt"
)
_PRODUCT = (
    "id title description productUrl cause mrp sellingPrice publishingStatus createdAt updatedAt "
    "media"
)
_CONVERSATION = (
    "id kind title summary tags context metadata isArchived isMuted mutedUntil isPinned pinnedAt "
    "messageCount totalTokens lastActivityAt createdAt updatedAt creator participants messages "
    "lastMessage unreadCount unreadMentionCount pinnedMessages eventsCursor"
)
_MESSAGE = (
    "id text role model provider tokens metadata deleted seq createdAt updatedAt attachments "
    "sender conversation readBy number replyCount mentionsEveryone isPinned"
)
_GROUP = "id name visibility joinPolicy createdAt updatedAt owner members memberCount memberIds"
_INVITATION = "id state createdAt expiresAt group user inviter"
_DEN_IS_HIDDEN: Row = dict.fromkeys((ANONYMOUS, FORMER, MODERATOR, SERVICE), HIDDEN)

SUBJECTS = {
    "User": Subject(
        "User",
        "owner",
        {
            _PROFILE: ACCOUNTS,
            "personal": VENDOR_AND_STAFF,
            "products groups": ACCOUNTS,
            "directConversation": only(MEMBER),
            "sessions invitations scheduledMessages reports": only(OWNER),
            "lastSeenAt": only(OWNER, MEMBER),
            "usage": only(OWNER, ADMIN),
            "preferences": only(OWNER),
        },
    ),
    "Usage": Subject(
        "Usage",
        "owner",
        {"totalMessages totalConversations totalTokens thisMonth months": only(OWNER, ADMIN)},
        ("usage",),
    ),
    "MonthlyUsage": Subject(
        "MonthlyUsage",
        "owner",
        {"month messages conversations tokens": only(OWNER, ADMIN)},
        ("usage", "months"),
    ),
    "MonthReport": Subject(
        "MonthReport",
        "",
        {"month users messages conversations tokens": only(ADMIN)},
        ("usageByMonth",),
    ),
    "CauseReport": Subject(
        "CauseReport",
        "",
        {"cause groups users messages tokens": only(ADMIN)},
        ("usageByCause",),
    ),
    "UserReport": Subject(
        "UserReport",
        "",
        {"user messages conversations tokens": only(ADMIN)},
        ("usageByUser",),
    ),
    "EndpointReport": Subject(
        "EndpointReport",
        "",
        {"endpoint calls errors p50 p95": only(ADMIN)},
        ("usageByEndpoint",),
    ),
    "PersonalInformation": Subject(
        "PersonalInformation", "owner", {_PERSONAL: VENDOR_AND_STAFF}, ("personal",)
    ),
    "Product": Subject(
        "Product",
        "published",
        {
            _PRODUCT: EVERYBODY,
            "remarks": only(*STAFF),
            "viewerCanUpdate": row(Is(False), moderator=Is(True), admin=Is(True)),
            "deletedAt": only(),
            "vendor groups": ACCOUNTS,
        },
    ),
    "Product, rejected": Subject(
        "Product",
        "rejected",
        {
            _PRODUCT: VENDOR_AND_STAFF,
            "remarks": only(*STAFF),
            "viewerCanUpdate": row(HIDDEN, owner=Is(True), moderator=Is(True), admin=Is(True)),
            "deletedAt": only(),
            "vendor groups": VENDOR_AND_STAFF,
        },
    ),
    "Product, deleted": Subject(
        "Product",
        "deleted",
        {
            _PRODUCT + " deletedAt vendor": VENDOR_AND_STAFF,
            "remarks groups": only(),
            "viewerCanUpdate": row(HIDDEN, owner=Is(False), moderator=Is(False), admin=Is(False)),
        },
    ),
    "Medium": Subject("Medium", "published", {"url type": EVERYBODY}, ("media",)),
    "Medium of a rejected product": Subject(
        "Medium", "rejected", {"url type": VENDOR_AND_STAFF}, ("media",)
    ),
    "Medium of a message": Subject(
        "Medium", "message", {"url type": PARTICIPANTS}, ("attachments",)
    ),
    "Group": Subject(
        "Group",
        "group",
        {
            _GROUP: ACCOUNTS,
            "description product parent children": ACCOUNTS,
            "viewerMembership conversation": PARTICIPANTS,
            "invitations invitationLinks": only(OWNER),
            "viewerCanManage": row(Is(False), anonymous=HIDDEN, owner=Is(True)),
            "deletedAt": only(),
        },
    ),
    "Group around a rejected product": Subject(
        "Group",
        "circle",
        {
            _GROUP: ACCOUNTS,
            "description": ACCOUNTS,
            "product": VENDOR_AND_STAFF,
            "viewerMembership conversation": only(OWNER),
            "viewerCanManage": row(Is(False), anonymous=HIDDEN, owner=Is(True)),
            "parent children invitations invitationLinks deletedAt": only(),
        },
    ),
    "Group, private": Subject(
        "Group",
        "den",
        {
            # The stranger is invited.
            _GROUP: only(OWNER, MEMBER, STRANGER, ADMIN),
            "children": only(OWNER, MEMBER, ADMIN),
            "viewerMembership conversation": PARTICIPANTS,
            "invitations": only(OWNER),
            "viewerCanManage": row(Is(False), owner=Is(True)) | _DEN_IS_HIDDEN,
            "description product parent invitationLinks deletedAt": only(),
        },
    ),
    "Group below a private one": Subject(
        "Group",
        "hall",
        {
            _GROUP: only(OWNER, MEMBER, ADMIN),
            "parent": only(OWNER, MEMBER, ADMIN),
            "viewerMembership conversation": only(OWNER),
            "viewerCanManage": row(Is(False), owner=Is(True), stranger=HIDDEN) | _DEN_IS_HIDDEN,
            "description product children invitations invitationLinks deletedAt": only(),
        },
    ),
    "Group, deleted": Subject(
        "Group",
        "ruin",
        {
            _GROUP: PARTICIPANTS,
            "viewerMembership conversation deletedAt": PARTICIPANTS,
            "viewerCanManage": row(HIDDEN, owner=Is(False), member=Is(False)),
            "description product parent children invitations invitationLinks": only(),
        },
    ),
    "GroupInvitation": Subject("GroupInvitation", "invitation", {_INVITATION: only(OWNER)}),
    "GroupInvitation, the stranger's": Subject(
        "GroupInvitation", "bidden", {_INVITATION: only(OWNER, STRANGER)}
    ),
    "GroupInvitationLink": Subject(
        "GroupInvitationLink",
        "link",
        {
            "id maxUses uses createdAt expiresAt group creator": only(OWNER),
            "revokedAt": only(),
        },
    ),
    "GroupMember": Subject("GroupMember", "group", {"role joinedAt user": ACCOUNTS}, ("members",)),
    "GroupMember, the viewer's own": Subject(
        "GroupMember", "group", {"role joinedAt user": PARTICIPANTS}, ("viewerMembership",)
    ),
    "Conversation": Subject(
        "Conversation",
        "talk",
        {_CONVERSATION: PARTICIPANTS, "group": PARTICIPANTS, "assistantPreferences": only()},
    ),
    "Conversation with an assistant": Subject(
        "Conversation",
        "assistant",
        {
            "id kind title context metadata isArchived isMuted isPinned messageCount totalTokens "
            "lastActivityAt createdAt updatedAt creator participants messages lastMessage "
            "unreadCount unreadMentionCount eventsCursor assistantPreferences": only(OWNER),
            "summary tags group mutedUntil pinnedAt pinnedMessages": only(),
        },
    ),
    "Message": Subject(
        "Message",
        "message",
        {
            _MESSAGE: PARTICIPANTS,
            "replies edits reactions mentions editedAt": PARTICIPANTS,
            "viewerCanEdit viewerCanDelete viewerCanPin": row(
                HIDDEN, owner=Is(True), member=Is(False)
            ),
            "viewerCanReact": row(HIDDEN, owner=Is(True), member=Is(True)),
            "replyTo threadRoot": only(),
        },
    ),
    "Message, a reply": Subject(
        "Message",
        "answer",
        {
            "id text role metadata deleted seq number createdAt updatedAt sender conversation "
            "readBy replyCount mentionsEveryone isPinned replyTo threadRoot": PARTICIPANTS,
            "viewerCanEdit": row(HIDDEN, owner=Is(False), member=Is(True)),
            "viewerCanDelete viewerCanReact": row(HIDDEN, owner=Is(True), member=Is(True)),
            "viewerCanPin": row(HIDDEN, owner=Is(True), member=Is(False)),
            "replies edits reactions mentions editedAt model provider tokens attachments": only(),
        },
    ),
    "MessageEdit": Subject(
        "MessageEdit", "message", {"createdAt text attachments editor": PARTICIPANTS}, ("edits",)
    ),
    "Reaction": Subject(
        "Reaction",
        "message",
        {
            "emoji count users": PARTICIPANTS,
            "viewerHasReacted": row(HIDDEN, owner=Is(False), member=Is(True)),
        },
        ("reactions",),
    ),
    "Message to an assistant": Subject(
        "Message",
        "note",
        {
            "id text role metadata deleted seq number createdAt updatedAt sender conversation "
            "readBy replyCount mentionsEveryone isPinned": only(OWNER),
            "viewerCanEdit viewerCanDelete viewerCanReact viewerCanPin": row(
                HIDDEN, owner=Is(True)
            ),
            "model provider tokens attachments": only(),
            "replies edits reactions mentions editedAt replyTo threadRoot": only(),
        },
    ),
    "AssistantPreferences": Subject(
        "AssistantPreferences",
        "assistant",
        {"preferredAiProvider preferredModel temperature language": only(OWNER)},
        ("assistantPreferences",),
    ),
    "Preferences": Subject(
        "Preferences",
        "owner",
        {
            "version preferredAiProvider preferredModel temperature chatTheme language "
            "emailNotifications custom": only(OWNER)
        },
        ("preferences",),
    ),
    "ScheduledMessage": Subject(
        "ScheduledMessage",
        "later",
        {
            "id text attachments metadata sendAt state createdAt conversation replyTo": only(OWNER),
            "failure message": only(),
        },
    ),
    "Medium of a message for later": Subject(
        "Medium", "later", {"url type": only(OWNER)}, ("attachments",)
    ),
    "Session": Subject(
        "Session",
        "session",
        {
            "id deviceName deviceType platform userAgent startedAt lastActivityAt address "
            "isCurrent": only(OWNER)
        },
    ),
    "ModerationItem": Subject(
        "ModerationItem",
        "item",
        {
            "id subjectKind subjectId subject reason status priority createdAt updatedAt "
            "resolvedAt isSubmission isEscalated viewerCanDecide reporter verdict": only(
                MEMBER, *STAFF
            ),
            "snapshot assignee decisions": only(*STAFF),
        },
    ),
    "ModerationSnapshot": Subject(
        "ModerationSnapshot", "item", {"title text media author": only(*STAFF)}, ("snapshot",)
    ),
    "ModerationDecision": Subject(
        "ModerationDecision",
        "decision",
        {"id verdict note createdAt moderator item": only(*STAFF)},
    ),
    "AuditEvent": Subject(
        "AuditEvent",
        "audited",
        {"id createdAt action objectType objectId before after actor request address": only(ADMIN)},
    ),
}
