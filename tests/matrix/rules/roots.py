"""Every root field and subscription, and what comes of asking it.

What a new one needs is a line here, and one more for each way in which it could be led to what is
hidden: an id, a filter, a cursor.
"""

from dataclasses import dataclass

from tests.matrix.columns import (
    ACCOUNTS,
    ADMIN,
    ANONYMOUS,
    EVERYBODY,
    FORBIDDEN,
    HIDDEN,
    INVALID_CURSOR,
    MEMBER,
    NOT_FOUND,
    OWNER,
    PARTICIPANTS,
    SHOWN,
    STAFF,
    STRANGER,
    UNAUTHENTICATED,
    VENDOR_AND_STAFF,
    Row,
    only,
    row,
)


@dataclass(frozen=True)
class Ask:
    """One way to ask a root field; `$name` stands for an id or a word of the estate."""

    arguments: str
    row: Row


_LISTED = row(SHOWN, anonymous=UNAUTHENTICATED)
_FOR_STAFF = row(FORBIDDEN, anonymous=UNAUTHENTICATED, moderator=SHOWN, admin=SHOWN)
_FOR_ADMINS = row(FORBIDDEN, anonymous=UNAUTHENTICATED, admin=SHOWN)

# The stranger is invited.
_DEN = only(OWNER, MEMBER, STRANGER, ADMIN)

ROOTS: dict[str, dict[str, Ask]] = {
    "node": {
        "published product": Ask("id: $published", EVERYBODY),
        "rejected product": Ask("id: $rejected", VENDOR_AND_STAFF),
        "user": Ask("id: $owner", ACCOUNTS),
        "group": Ask("id: $group", ACCOUNTS),
        "private group": Ask("id: $den", _DEN),
        "group below a private one": Ask("id: $hall", only(OWNER, MEMBER, ADMIN)),
        "deleted group": Ask("id: $ruin", PARTICIPANTS),
        "invitation": Ask("id: $invitation", only(OWNER)),
        "link": Ask("id: $link", only(OWNER)),
        "conversation": Ask("id: $talk", PARTICIPANTS),
        "message": Ask("id: $message", PARTICIPANTS),
        "report": Ask("id: $item", only(MEMBER, *STAFF)),
        "decision": Ask("id: $decision", only(*STAFF)),
    },
    "nodes": {
        "published product": Ask("ids: [$published]", EVERYBODY),
        "of participants": Ask("ids: [$talk, $message, $direct, $letter]", PARTICIPANTS),
        "of the owner": Ask("ids: [$assistant, $note]", only(OWNER)),
        "rejected product": Ask("ids: [$rejected]", VENDOR_AND_STAFF),
    },
    "viewer": {"": Ask("", ACCOUNTS)},
    "user": {"": Ask("id: $owner", ACCOUNTS)},
    "users": {
        "": Ask("", _LISTED),
        "by name": Ask("filter: {namePrefix: $name}", _LISTED),
        # Personal data are no name: searching finds nothing, also for those who may see them.
        "by address": Ask("filter: {namePrefix: $email}", row(HIDDEN, anonymous=UNAUTHENTICATED)),
    },
    "userByContact": {"": Ask("contact: $address", _FOR_ADMINS)},
    "product": {
        "published": Ask("id: $published", EVERYBODY),
        "rejected": Ask("id: $rejected", VENDOR_AND_STAFF),
    },
    "products": {
        "": Ask("", EVERYBODY),
        "by hidden title": Ask("filter: {titleContains: $title}", VENDOR_AND_STAFF),
        "by hidden price": Ask(
            "filter: {minSellingPrice: $price, maxSellingPrice: $price}", VENDOR_AND_STAFF
        ),
        "by vendor": Ask("filter: {vendorId: $owner}", row(SHOWN, anonymous=NOT_FOUND)),
        "by vendor and status": Ask(
            "filter: {vendorId: $owner, statuses: [REJECTED, DRAFT, SUGGESTION]}",
            VENDOR_AND_STAFF | {"anonymous": NOT_FOUND},
        ),
        "deleted": Ask("filter: {isDeleted: true}", VENDOR_AND_STAFF),
    },
    "productSearch": {
        "published": Ask('query: "lamp"', EVERYBODY),
        "hidden": Ask("query: $title", VENDOR_AND_STAFF),
        "deleted": Ask("query: $deletedTitle, filter: {isDeleted: true}", VENDOR_AND_STAFF),
        "deleted, among what is there": Ask("query: $deletedTitle", row(HIDDEN)),
    },
    "group": {
        "": Ask("id: $group", ACCOUNTS),
        "private": Ask("id: $den", _DEN),
        "below a private one": Ask("id: $hall", only(OWNER, MEMBER, ADMIN)),
        "deleted": Ask("id: $ruin", PARTICIPANTS),
    },
    # The server of the tests sets no limit.
    "rateLimit": {"": Ask("", row(HIDDEN))},
    "groups": {
        "": Ask("", _LISTED),
        "by a private name": Ask(
            "filter: {nameContains: $denName}", _DEN | {ANONYMOUS: UNAUTHENTICATED}
        ),
        "around a published product": Ask("filter: {productId: $published}", _LISTED),
        "around a rejected product": Ask(
            "filter: {productId: $rejected}",
            row(NOT_FOUND, owner=SHOWN, moderator=SHOWN, admin=SHOWN),
        ),
    },
    "conversation": {
        "of a group": Ask("id: $talk", PARTICIPANTS),
        "direct": Ask("id: $direct", PARTICIPANTS),
        "with an assistant": Ask("id: $assistant", only(OWNER)),
    },
    "conversations": {
        "": Ask("", PARTICIPANTS | {"anonymous": UNAUTHENTICATED}),
        "by tag": Ask("filter: {tag: $tag}", PARTICIPANTS | {"anonymous": UNAUTHENTICATED}),
        "of groups": Ask("filter: {kind: GROUP}", PARTICIPANTS | {"anonymous": UNAUTHENTICATED}),
        "by a participant": Ask(
            "filter: {participantId: $member}",
            row(HIDDEN, anonymous=UNAUTHENTICATED, owner=SHOWN, member=SHOWN),
        ),
        "by a participant's name": Ask(
            "filter: {participantName: $name}",
            row(HIDDEN, anonymous=UNAUTHENTICATED, member=SHOWN),
        ),
        "around a published product": Ask(
            "filter: {productId: $published}", PARTICIPANTS | {"anonymous": UNAUTHENTICATED}
        ),
        "around a rejected product": Ask(
            "filter: {productId: $rejected}",
            row(
                NOT_FOUND,
                anonymous=UNAUTHENTICATED,
                owner=SHOWN,
                moderator=HIDDEN,
                admin=HIDDEN,
            ),
        ),
    },
    "messageSearch": {
        "": Ask("query: $said", PARTICIPANTS | {"anonymous": UNAUTHENTICATED}),
        "in a conversation": Ask(
            "query: $said, filter: {conversationId: $talk}",
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=SHOWN, member=SHOWN),
        ),
        "in a private one": Ask(
            "query: $said, filter: {conversationId: $assistant}",
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=HIDDEN),
        ),
    },
    "moderationItems": {
        "": Ask("", _FOR_STAFF),
        "by subject": Ask("filter: {subjectId: $published}", _FOR_STAFF),
        "one's own": Ask("filter: {assignedToMe: true}", _FOR_STAFF | {"admin": HIDDEN}),
    },
    "moderationDecisions": {
        "": Ask("", _FOR_STAFF),
        "by moderator": Ask("filter: {moderatorId: $admin}", _FOR_STAFF | {"anonymous": NOT_FOUND}),
    },
    "mentions": {"": Ask("", row(HIDDEN, anonymous=UNAUTHENTICATED, member=SHOWN))},
    "usageByMonth": {"": Ask("", _FOR_ADMINS)},
    "usageByCause": {"": Ask("", _FOR_ADMINS)},
    "usageByUser": {"": Ask("", _FOR_ADMINS)},
    "usageByEndpoint": {"": Ask("", _FOR_ADMINS)},
    "auditEvents": {
        "": Ask("", _FOR_ADMINS),
        "by object": Ask("filter: {objectId: $rejected}", _FOR_ADMINS),
        # Their own deeds too are not theirs to look up.
        "by actor": Ask("filter: {actorId: $moderator}", _FOR_ADMINS | {"anonymous": NOT_FOUND}),
    },
}

SUBSCRIPTIONS: dict[str, dict[str, Ask]] = {
    "moderationEvents": {
        "from the start": Ask("after: $queue", _FOR_STAFF),
    },
    "productEvents": {
        # The others give the cursor of somebody else's.
        "one's own": Ask(
            "after: $origin", row(INVALID_CURSOR, anonymous=UNAUTHENTICATED, owner=SHOWN)
        ),
        "a published product": Ask(
            "productId: $published, after: $origin", row(SHOWN, anonymous=UNAUTHENTICATED)
        ),
        "a rejected product": Ask(
            "productId: $rejected, after: $origin",
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=SHOWN, moderator=SHOWN, admin=SHOWN),
        ),
    },
    "conversationEvents": {
        "": Ask(
            "conversationId: $talk",
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=SHOWN, member=SHOWN),
        ),
        "from the start": Ask(
            "conversationId: $talk, after: $start",
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=SHOWN, member=SHOWN),
        ),
        # A cursor that the former member was given while they belonged to the group.
        "from an old cursor": Ask(
            "conversationId: $talk, after: $before",
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=SHOWN, member=SHOWN),
        ),
    },
    "groupEvents": {
        "a public group": Ask(
            "groupId: $group, after: $page", row(SHOWN, anonymous=UNAUTHENTICATED)
        ),
        "a private group": Ask(
            "groupId: $den, after: $denPage",
            row(
                NOT_FOUND,
                anonymous=UNAUTHENTICATED,
                **dict.fromkeys((OWNER, MEMBER, STRANGER, ADMIN), SHOWN),
            ),
        ),
        "a deleted group": Ask(
            "groupId: $ruin, after: $ruinPage",
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=SHOWN, member=SHOWN),
        ),
    },
    "groupInvitations": {"": Ask("", row(SHOWN, anonymous=UNAUTHENTICATED))},
    "viewerChanged": {"": Ask("", row(SHOWN, anonymous=UNAUTHENTICATED))},
    "scheduledMessageEvents": {
        # The others give the cursor of somebody else's.
        "": Ask("after: $plans", row(INVALID_CURSOR, anonymous=UNAUTHENTICATED, owner=SHOWN))
    },
    "preferencesChanged": {"": Ask("", row(SHOWN, anonymous=UNAUTHENTICATED))},
    # Who may not see somebody is told that they are offline.
    "presence": {"": Ask("userIds: [$owner]", row(SHOWN, anonymous=UNAUTHENTICATED))},
    "conversationPresence": {
        "": Ask(
            "conversationId: $talk",
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=SHOWN, member=SHOWN),
        )
    },
    "messageDelta": {
        "": Ask(
            "conversationId: $quiz",
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=SHOWN, member=SHOWN),
        )
    },
    "inbox": {
        "": Ask("", row(HIDDEN, anonymous=UNAUTHENTICATED, owner=SHOWN, member=SHOWN)),
        # Who was removed since the cursor is told so, and nothing more.
        "from an old cursor": Ask(
            "after: $inbox",
            row(HIDDEN, anonymous=UNAUTHENTICATED, owner=SHOWN, member=SHOWN, former=SHOWN),
        ),
    },
}
