"""Every mutation, and what comes of it for whom. What a new one needs is a line here.

Beside the estate's words, `$name` stands for what `targets.py` makes anew, `$self` for the one who
asks, `$key` for a client key, and `$mail` for an address.
"""

from tests.matrix.columns import (
    ADMIN,
    CONFLICT,
    DONE,
    FORBIDDEN,
    FOUND,
    INVALID,
    MEMBER,
    NOT_FOUND,
    OWNER,
    SERVICE,
    STRANGER,
    UNAUTHENTICATED,
    UNAVAILABLE,
    row,
)
from tests.matrix.rules.roots import Ask

_SIGNED_IN_DO = row(DONE, anonymous=UNAUTHENTICATED)
_OWNER_DOES = row(FORBIDDEN, anonymous=UNAUTHENTICATED, owner=DONE)
_STAFF_DECIDE = row(
    NOT_FOUND, anonymous=UNAUTHENTICATED, owner=FORBIDDEN, moderator=DONE, admin=DONE
)
# A report of the member's.
_STAFF_MODERATE = row(
    NOT_FOUND, anonymous=UNAUTHENTICATED, member=FORBIDDEN, moderator=DONE, admin=DONE
)
_PARTICIPANTS_DO = row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=DONE, member=DONE)
_LEADERS_DO = row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=DONE, member=FORBIDDEN)
_SERVICE_DOES = row(
    NOT_FOUND, anonymous=UNAUTHENTICATED, owner=FORBIDDEN, member=FORBIDDEN, service=DONE
)
_ADMINS_DO = row(FORBIDDEN, anonymous=UNAUTHENTICATED, admin=DONE)
_NOBODY_FINDS = row(NOT_FOUND, anonymous=UNAUTHENTICATED)

MUTATIONS: dict[str, dict[str, Ask]] = {
    "productCreate": {
        "": Ask(
            'input: {clientKey: $key, title: "Lamp", description: "It shines.", cause: ELDER_CARE,'
            ' mrp: "9.00", sellingPrice: "8.00", productUrl: "https://shop.example/lamp"}',
            _SIGNED_IN_DO,
        )
    },
    "productUpdate": {
        "a draft": Ask(
            'productId: $draft, input: {clientKey: $key, title: "New"}',
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=DONE, moderator=DONE, admin=DONE),
        ),
        "a suggestion": Ask(
            'productId: $suggestion, input: {clientKey: $key, title: "New"}',
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=CONFLICT, moderator=DONE, admin=DONE),
        ),
        "what everybody sees": Ask(
            'productId: $shown, input: {clientKey: $key, title: "New"}',
            row(FORBIDDEN, anonymous=UNAUTHENTICATED, owner=CONFLICT, moderator=DONE, admin=DONE),
        ),
    },
    "productSubmit": {
        "": Ask(
            "productId: $draft, input: {clientKey: $key}",
            row(
                NOT_FOUND,
                anonymous=UNAUTHENTICATED,
                owner=DONE,
                moderator=FORBIDDEN,
                admin=FORBIDDEN,
            ),
        )
    },
    "productPublish": {"": Ask("productId: $suggestion, input: {clientKey: $key}", _STAFF_DECIDE)},
    "productReject": {
        "": Ask('productId: $suggestion, input: {clientKey: $key, remark: "No."}', _STAFF_DECIDE)
    },
    "productDelete": {
        "a draft": Ask(
            "productId: $draft, input: {clientKey: $key}",
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=DONE, moderator=DONE, admin=DONE),
        ),
        "what everybody sees": Ask(
            "productId: $shown, input: {clientKey: $key}",
            row(FORBIDDEN, anonymous=UNAUTHENTICATED, owner=DONE, moderator=DONE, admin=DONE),
        ),
    },
    "productRestore": {"": Ask("productId: $bin, input: {clientKey: $key}", _STAFF_DECIDE)},
    "moderationItemReport": {
        "a product": Ask(
            'subjectId: $shown, input: {clientKey: $key, reason: "Odd."}', _SIGNED_IN_DO
        ),
        "a draft": Ask(
            'subjectId: $draft, input: {clientKey: $key, reason: "Odd."}',
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=DONE, moderator=DONE, admin=DONE),
        ),
        "a message": Ask(
            'subjectId: $mi, input: {clientKey: $key, reason: "Odd."}', _PARTICIPANTS_DO
        ),
        "a user": Ask(
            'subjectId: $outsider, input: {clientKey: $key, reason: "Odd."}', _SIGNED_IN_DO
        ),
        "oneself": Ask(
            'subjectId: $self, input: {clientKey: $key, reason: "Odd."}',
            row(INVALID, anonymous=UNAUTHENTICATED),
        ),
    },
    "moderationItemAssign": {
        "to oneself": Ask("moderationItemId: $case, input: {clientKey: $key}", _STAFF_MODERATE),
        "to a moderator": Ask(
            "moderationItemId: $case, input: {clientKey: $key, assigneeId: $moderator}",
            _STAFF_MODERATE,
        ),
        "to an admin": Ask(
            "moderationItemId: $case, input: {clientKey: $key, assigneeId: $admin}",
            _STAFF_MODERATE | {"moderator": FORBIDDEN},
        ),
    },
    "moderationItemRelease": {
        "": Ask("moderationItemId: $taken, input: {clientKey: $key}", _STAFF_MODERATE)
    },
    "moderationItemDecide": {
        "a report": Ask(
            "moderationItemId: $case, input: {clientKey: $key, verdict: APPROVED}", _STAFF_MODERATE
        ),
        "another's": Ask(
            "moderationItemId: $another, input: {clientKey: $key, verdict: APPROVED}",
            _STAFF_MODERATE | {"moderator": CONFLICT},
        ),
        "a submission": Ask(
            "moderationItemId: $waiting, input: {clientKey: $key, verdict: APPROVED}",
            _STAFF_MODERATE | {"member": NOT_FOUND},
        ),
        "what is left to admins": Ask(
            "moderationItemId: $escalated, input: {clientKey: $key, verdict: APPROVED}",
            _STAFF_MODERATE | {"moderator": FORBIDDEN},
        ),
        "that somebody be locked out": Ask(
            'moderationItemId: $accused, input: {clientKey: $key, verdict: REMOVED, note: "Spam."}',
            _STAFF_MODERATE | {"moderator": FORBIDDEN},
        ),
    },
    "groupCreate": {
        "": Ask('input: {clientKey: $key, name: "Choir"}', _SIGNED_IN_DO),
        "below another's": Ask(
            'input: {clientKey: $key, name: "Choir", parentId: $choir}', _OWNER_DOES
        ),
        "around a draft": Ask(
            'input: {clientKey: $key, name: "Choir", productId: $draft}',
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=DONE, moderator=DONE, admin=DONE),
        ),
    },
    "groupUpdate": {
        "": Ask('groupId: $choir, input: {clientKey: $key, name: "New"}', _OWNER_DOES),
        "a private one": Ask(
            'groupId: $lair, input: {clientKey: $key, name: "New"}',
            _NOBODY_FINDS | {OWNER: DONE, MEMBER: FORBIDDEN, ADMIN: FORBIDDEN},
        ),
        "below a private one": Ask(
            "groupId: $choir, input: {clientKey: $key, parentId: $den}", _OWNER_DOES
        ),
        "around another's draft": Ask(
            "groupId: $choir, input: {clientKey: $key, productId: $foreign}",
            row(FORBIDDEN, anonymous=UNAUTHENTICATED, owner=NOT_FOUND),
        ),
    },
    "groupMemberAdd": {
        "somebody": Ask(
            "groupId: $choir, input: {clientKey: $key, userId: $outsider}", _OWNER_DOES
        ),
        "oneself": Ask(
            "groupId: $choir, input: {clientKey: $key, userId: $self}",
            row(FORBIDDEN, anonymous=UNAUTHENTICATED, owner=CONFLICT),
        ),
        "as admin": Ask(
            "groupId: $choir, input: {clientKey: $key, userId: $member, role: ADMIN}", _OWNER_DOES
        ),
    },
    "groupMemberRemove": {
        "a member": Ask(
            "groupId: $choir, input: {clientKey: $key, userId: $member}",
            _OWNER_DOES | {MEMBER: DONE},
        ),
        "the owner": Ask(
            "groupId: $choir, input: {clientKey: $key, userId: $owner}",
            row(FORBIDDEN, anonymous=UNAUTHENTICATED, owner=CONFLICT),
        ),
        "oneself": Ask(
            "groupId: $choir, input: {clientKey: $key, userId: $self}",
            row(DONE, anonymous=UNAUTHENTICATED, owner=CONFLICT),
        ),
    },
    "groupDelete": {
        "": Ask("groupId: $choir, input: {clientKey: $key}", _OWNER_DOES | {ADMIN: DONE}),
        "a private one": Ask(
            "groupId: $lair, input: {clientKey: $key}",
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=DONE, member=FORBIDDEN, admin=DONE),
        ),
    },
    "groupJoin": {
        "an open one": Ask("groupId: $commons, input: {clientKey: $key}", _SIGNED_IN_DO),
        "by invitation": Ask(
            "groupId: $choir, input: {clientKey: $key}",
            row(FORBIDDEN, anonymous=UNAUTHENTICATED, owner=DONE, member=DONE),
        ),
        "a private one": Ask(
            "groupId: $lair, input: {clientKey: $key}",
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=DONE, member=DONE, admin=FORBIDDEN),
        ),
    },
    "groupLeave": {
        "": Ask(
            "groupId: $choir, input: {clientKey: $key}",
            row(DONE, anonymous=UNAUTHENTICATED, owner=CONFLICT),
        )
    },
    "groupMemberRoleChange": {
        "": Ask(
            "groupId: $choir, input: {clientKey: $key, userId: $member, role: ADMIN}", _OWNER_DOES
        ),
        "of nobody": Ask(
            "groupId: $choir, input: {clientKey: $key, userId: $outsider, role: ADMIN}",
            _OWNER_DOES | {OWNER: NOT_FOUND},
        ),
    },
    "groupOwnershipTransfer": {
        "": Ask(
            "groupId: $choir, input: {clientKey: $key, userId: $member}",
            _OWNER_DOES | {ADMIN: DONE},
        ),
        "to nobody": Ask(
            "groupId: $choir, input: {clientKey: $key, userId: $outsider}",
            _OWNER_DOES | {OWNER: NOT_FOUND, ADMIN: NOT_FOUND},
        ),
    },
    "groupInvite": {
        "": Ask("groupId: $choir, input: {clientKey: $key, userId: $outsider}", _OWNER_DOES),
        "a member": Ask(
            "groupId: $choir, input: {clientKey: $key, userId: $member}",
            _OWNER_DOES | {OWNER: CONFLICT},
        ),
        "to a private one": Ask(
            "groupId: $lair, input: {clientKey: $key, userId: $outsider}",
            _NOBODY_FINDS | {OWNER: DONE, MEMBER: FORBIDDEN, ADMIN: FORBIDDEN},
        ),
    },
    "groupInvitationAccept": {
        "": Ask(
            "groupInvitationId: $bid, input: {clientKey: $key}",
            _NOBODY_FINDS | {STRANGER: DONE, OWNER: FORBIDDEN},
        )
    },
    "groupInvitationDecline": {
        "": Ask(
            "groupInvitationId: $bid, input: {clientKey: $key}",
            _NOBODY_FINDS | {STRANGER: DONE, OWNER: FORBIDDEN},
        )
    },
    "groupInvitationRevoke": {
        "": Ask(
            "groupInvitationId: $bid, input: {clientKey: $key}",
            _NOBODY_FINDS | {STRANGER: FORBIDDEN, OWNER: DONE},
        )
    },
    "groupInvitationLinkCreate": {
        "": Ask("groupId: $choir, input: {clientKey: $key}", _OWNER_DOES),
        "to a private one": Ask(
            "groupId: $lair, input: {clientKey: $key}",
            _NOBODY_FINDS | {OWNER: DONE, MEMBER: FORBIDDEN, ADMIN: FORBIDDEN},
        ),
    },
    "groupInvitationLinkRevoke": {
        "": Ask(
            "groupInvitationLinkId: $pass, input: {clientKey: $key}", _NOBODY_FINDS | {OWNER: DONE}
        )
    },
    "groupInvitationLinkUse": {
        "": Ask("input: {clientKey: $key, token: $token}", _SIGNED_IN_DO),
        "that is none": Ask("input: {clientKey: $key, token: $key}", _NOBODY_FINDS),
    },
    "conversationStart": {
        "direct": Ask("input: {clientKey: $key, kind: DIRECT, userId: $outsider}", _SIGNED_IN_DO),
        "a group's": Ask(
            "input: {clientKey: $key, kind: GROUP, groupId: $choir}",
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=FOUND, member=FOUND),
        ),
        "with an assistant": Ask("input: {clientKey: $key, kind: ASSISTANT}", _SIGNED_IN_DO),
        "with a service account": Ask(
            "input: {clientKey: $key, kind: ASSISTANT, userId: $program}", _SIGNED_IN_DO
        ),
        "with a person as assistant": Ask(
            "input: {clientKey: $key, kind: ASSISTANT, userId: $outsider}",
            row(INVALID, anonymous=UNAUTHENTICATED),
        ),
    },
    "messageSend": {
        "to a group": Ask(
            'conversationId: $song, input: {clientKey: $key, text: "La"}', _PARTICIPANTS_DO
        ),
        "to two others": Ask(
            'conversationId: $duet, input: {clientKey: $key, text: "La"}',
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=DONE),
        ),
        "to everybody": Ask(
            'conversationId: $song, input: {clientKey: $key, text: "La", mentionEveryone: true}',
            _LEADERS_DO,
        ),
        "as an assistant": Ask(
            'conversationId: $song, input: {clientKey: $key, text: "La", role: ASSISTANT}',
            _NOBODY_FINDS | {OWNER: FORBIDDEN, MEMBER: FORBIDDEN},
        ),
        "to a stranger": Ask(
            'conversationId: $song, input: {clientKey: $key, text: "La", mentionIds: [$stranger]}',
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=INVALID, member=INVALID),
        ),
        "in answer to what is elsewhere": Ask(
            'conversationId: $song, input: {clientKey: $key, text: "La", replyToId: $note}',
            _NOBODY_FINDS,
        ),
    },
    "conversationUpdate": {
        "a group's": Ask(
            'conversationId: $song, input: {clientKey: $key, tags: ["song"]}',
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=DONE, member=FORBIDDEN),
        ),
        "of two others": Ask(
            'conversationId: $duet, input: {clientKey: $key, title: "Duet"}',
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=DONE),
        ),
    },
    "conversationSettingsUpdate": {
        "": Ask("conversationId: $song, input: {clientKey: $key, isPinned: true}", _PARTICIPANTS_DO)
    },
    "attachmentCreate": {
        "": Ask(
            'input: {clientKey: $key, conversationId: $song, fileName: "a.png", '
            'contentType: "image/png", size: 70}',
            _PARTICIPANTS_DO,
        )
    },
    "messageEdit": {
        "of the owner": Ask(
            'messageId: $mi, input: {clientKey: $key, text: "Fa"}',
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=DONE, member=FORBIDDEN),
        ),
        "of the former member": Ask(
            'messageId: $re, input: {clientKey: $key, text: "Fa"}',
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=FORBIDDEN, member=FORBIDDEN),
        ),
    },
    "messageDelete": {
        "of the owner": Ask(
            "messageId: $mi, input: {clientKey: $key}",
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=DONE, member=FORBIDDEN),
        ),
        "of the former member": Ask("messageId: $re, input: {clientKey: $key}", _LEADERS_DO),
    },
    "messageReactionAdd": {
        "": Ask('messageId: $mi, input: {clientKey: $key, emoji: "👍"}', _PARTICIPANTS_DO),
    },
    "messageReactionRemove": {
        "": Ask('messageId: $mi, input: {clientKey: $key, emoji: "👍"}', _PARTICIPANTS_DO),
    },
    "messagePin": {"": Ask("messageId: $mi, input: {clientKey: $key}", _LEADERS_DO)},
    "messageUnpin": {"": Ask("messageId: $mi, input: {clientKey: $key}", _LEADERS_DO)},
    "messageSchedule": {
        "": Ask(
            'conversationId: $song, input: {clientKey: $key, text: "La", sendAt: $tomorrow}',
            _PARTICIPANTS_DO,
        ),
        "in answer to what is elsewhere": Ask(
            'conversationId: $song, input: {clientKey: $key, text: "La", replyToId: $note, '
            "sendAt: $tomorrow}",
            _NOBODY_FINDS,
        ),
        "with the owner's file": Ask(
            "conversationId: $talk, input: {clientKey: $key, attachmentIds: [$scan], "
            "sendAt: $tomorrow}",
            _NOBODY_FINDS | {OWNER: DONE},
        ),
    },
    "scheduledMessageUpdate": {
        "": Ask(
            'scheduledMessageId: $plan, input: {clientKey: $key, text: "Si", metadata: {si: 1}, '
            'attachments: [{url: "https://files.example/si.png", type: IMAGE}], '
            "attachmentIds: [$scan]}",
            _NOBODY_FINDS | {OWNER: DONE},
        )
    },
    "scheduledMessageCancel": {
        "": Ask(
            "scheduledMessageId: $plan, input: {clientKey: $key}", _NOBODY_FINDS | {OWNER: DONE}
        )
    },
    "answerStart": {
        "": Ask("conversationId: $stage, input: {clientKey: $key}", _SERVICE_DOES),
        "in answer to what is elsewhere": Ask(
            "conversationId: $stage, input: {clientKey: $key, replyToId: $note}",
            _SERVICE_DOES | {SERVICE: NOT_FOUND},
        ),
    },
    # What grows leaves no trace in a store.
    "answerAppend": {
        "": Ask(
            'answerId: $growing, input: {clientKey: $key, offset: 0, text: "La"}',
            _SERVICE_DOES | {SERVICE: FOUND},
        )
    },
    "answerFinish": {
        "": Ask(
            'answerId: $growing, input: {clientKey: $key, text: "La", tokens: 1}', _SERVICE_DOES
        )
    },
    "answerCancel": {
        "": Ask("answerId: $growing, input: {clientKey: $key}", _SERVICE_DOES | {OWNER: DONE})
    },
    "conversationMarkRead": {
        "": Ask("conversationId: $song, input: {clientKey: $key}", _PARTICIPANTS_DO),
        "by another's message": Ask(
            "conversationId: $song, input: {clientKey: $key, messageId: $note}", _NOBODY_FINDS
        ),
    },
    "userUpdate": {
        "oneself": Ask('userId: $self, input: {clientKey: $key, city: "Bergen"}', _SIGNED_IN_DO),
        "somebody": Ask('userId: $account, input: {clientKey: $key, city: "Bergen"}', _ADMINS_DO),
    },
    "dataExportRequest": {"": Ask("input: {clientKey: $key}", _SIGNED_IN_DO)},
    # The estate's tokens belong to no session, and so to no fresh one.
    "accountErase": {
        "": Ask("input: {clientKey: $key}", row(FORBIDDEN, anonymous=UNAUTHENTICATED))
    },
    "userEmailChangeRequest": {
        "": Ask(
            'input: {clientKey: $key, email: "new@example.org"}',
            row(FORBIDDEN, anonymous=UNAUTHENTICATED),
        )
    },
    "userEmailChange": {
        "": Ask(
            'input: {clientKey: $key, email: "new@example.org", code: "12345678"}',
            row(INVALID, anonymous=UNAUTHENTICATED),
        )
    },
    "userDeactivate": {
        "": Ask('userId: $account, input: {clientKey: $key, reason: "Spam."}', _ADMINS_DO),
        "oneself": Ask(
            'userId: $self, input: {clientKey: $key, reason: "Spam."}',
            _ADMINS_DO | {ADMIN: CONFLICT},
        ),
    },
    "userReactivate": {"": Ask("userId: $locked, input: {clientKey: $key}", _ADMINS_DO)},
    "userRoleChange": {
        "": Ask("userId: $account, input: {clientKey: $key, role: ADMIN}", _ADMINS_DO),
        "oneself": Ask(
            "userId: $self, input: {clientKey: $key, role: ADMIN}", _ADMINS_DO | {ADMIN: CONFLICT}
        ),
    },
    "serviceAccountCreate": {
        "": Ask('input: {clientKey: $key, name: "Helper", platform: DEED_O}', _ADMINS_DO)
    },
    "serviceKeyCreate": {"": Ask("userId: $program, input: {clientKey: $key}", _ADMINS_DO)},
    "preferencesUpdate": {
        "": Ask("input: {clientKey: $key, chatTheme: DARK}", _SIGNED_IN_DO),
    },
    # What is forgotten within seconds leaves no trace in a store.
    "conversationTyping": {
        "": Ask(
            "conversationId: $song, input: {clientKey: $key}",
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=FOUND, member=FOUND),
        )
    },
    # Whoever asks: what they bring is what counts. This server sends no mail, and nobody has an
    # account at `$mail`.
    "authCodeRequest": {
        "": Ask(
            "input: {clientKey: $key, email: $mail, action: LOGIN, platform: DEED_O}",
            row(UNAVAILABLE),
        )
    },
    "authCodeVerify": {
        "": Ask(
            "input: {clientKey: $key, email: $mail, action: LOGIN, "
            'platform: DEED_O, code: "000000"}',
            row(INVALID),
        )
    },
    "authTokenRefresh": {
        "": Ask("input: {clientKey: $key, refreshToken: $key}", row(UNAUTHENTICATED))
    },
    "sessionRevoke": {
        "": Ask("sessionId: $open, input: {clientKey: $key}", _NOBODY_FINDS | {OWNER: DONE})
    },
    "sessionRevokeAll": {
        "": Ask("input: {clientKey: $key}", row(FOUND, anonymous=UNAUTHENTICATED, owner=DONE))
    },
}
