"""Mutations of groups, and of the ways into them."""

from tests.matrix.columns import (
    ADMIN,
    CONFLICT,
    DONE,
    FORBIDDEN,
    MEMBER,
    NOT_FOUND,
    OWNER,
    STRANGER,
    UNAUTHENTICATED,
    row,
)
from tests.matrix.rules.roots import Ask
from tests.matrix.rules.rows import NOBODY_FINDS, OWNER_DOES, SIGNED_IN_DO

GROUP_MUTATIONS: dict[str, dict[str, Ask]] = {
    "groupCreate": {
        "": Ask('input: {clientKey: $key, name: "Choir"}', SIGNED_IN_DO),
        "below another's": Ask(
            'input: {clientKey: $key, name: "Choir", parentId: $choir}', OWNER_DOES
        ),
        "around a draft": Ask(
            'input: {clientKey: $key, name: "Choir", productId: $draft}',
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=DONE, moderator=DONE, admin=DONE),
        ),
    },
    "groupUpdate": {
        "": Ask('groupId: $choir, input: {clientKey: $key, name: "New"}', OWNER_DOES),
        "a private one": Ask(
            'groupId: $lair, input: {clientKey: $key, name: "New"}',
            NOBODY_FINDS | {OWNER: DONE, MEMBER: FORBIDDEN, ADMIN: FORBIDDEN},
        ),
        "below a private one": Ask(
            "groupId: $choir, input: {clientKey: $key, parentId: $den}", OWNER_DOES
        ),
        "around another's draft": Ask(
            "groupId: $choir, input: {clientKey: $key, productId: $foreign}",
            row(FORBIDDEN, anonymous=UNAUTHENTICATED, owner=NOT_FOUND),
        ),
    },
    "groupMemberAdd": {
        "somebody": Ask("groupId: $choir, input: {clientKey: $key, userId: $outsider}", OWNER_DOES),
        "oneself": Ask(
            "groupId: $choir, input: {clientKey: $key, userId: $self}",
            row(FORBIDDEN, anonymous=UNAUTHENTICATED, owner=CONFLICT),
        ),
        "as admin": Ask(
            "groupId: $choir, input: {clientKey: $key, userId: $member, role: ADMIN}", OWNER_DOES
        ),
    },
    "groupMemberRemove": {
        "a member": Ask(
            "groupId: $choir, input: {clientKey: $key, userId: $member}",
            OWNER_DOES | {MEMBER: DONE},
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
        "": Ask("groupId: $choir, input: {clientKey: $key}", OWNER_DOES | {ADMIN: DONE}),
        "a private one": Ask(
            "groupId: $lair, input: {clientKey: $key}",
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=DONE, member=FORBIDDEN, admin=DONE),
        ),
    },
    "groupJoin": {
        "an open one": Ask("groupId: $commons, input: {clientKey: $key}", SIGNED_IN_DO),
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
            "groupId: $choir, input: {clientKey: $key, userId: $member, role: ADMIN}", OWNER_DOES
        ),
        "of nobody": Ask(
            "groupId: $choir, input: {clientKey: $key, userId: $outsider, role: ADMIN}",
            OWNER_DOES | {OWNER: NOT_FOUND},
        ),
    },
    "groupOwnershipTransfer": {
        "": Ask(
            "groupId: $choir, input: {clientKey: $key, userId: $member}",
            OWNER_DOES | {ADMIN: DONE},
        ),
        "to nobody": Ask(
            "groupId: $choir, input: {clientKey: $key, userId: $outsider}",
            OWNER_DOES | {OWNER: NOT_FOUND, ADMIN: NOT_FOUND},
        ),
    },
    "groupInvite": {
        "": Ask("groupId: $choir, input: {clientKey: $key, userId: $outsider}", OWNER_DOES),
        "a member": Ask(
            "groupId: $choir, input: {clientKey: $key, userId: $member}",
            OWNER_DOES | {OWNER: CONFLICT},
        ),
        "to a private one": Ask(
            "groupId: $lair, input: {clientKey: $key, userId: $outsider}",
            NOBODY_FINDS | {OWNER: DONE, MEMBER: FORBIDDEN, ADMIN: FORBIDDEN},
        ),
    },
    "groupInvitationAccept": {
        "": Ask(
            "groupInvitationId: $bid, input: {clientKey: $key}",
            NOBODY_FINDS | {STRANGER: DONE, OWNER: FORBIDDEN},
        )
    },
    "groupInvitationDecline": {
        "": Ask(
            "groupInvitationId: $bid, input: {clientKey: $key}",
            NOBODY_FINDS | {STRANGER: DONE, OWNER: FORBIDDEN},
        )
    },
    "groupInvitationRevoke": {
        "": Ask(
            "groupInvitationId: $bid, input: {clientKey: $key}",
            NOBODY_FINDS | {STRANGER: FORBIDDEN, OWNER: DONE},
        )
    },
    "groupInvitationLinkCreate": {
        "": Ask("groupId: $choir, input: {clientKey: $key}", OWNER_DOES),
        "to a private one": Ask(
            "groupId: $lair, input: {clientKey: $key}",
            NOBODY_FINDS | {OWNER: DONE, MEMBER: FORBIDDEN, ADMIN: FORBIDDEN},
        ),
    },
    "groupInvitationLinkRevoke": {
        "": Ask(
            "groupInvitationLinkId: $pass, input: {clientKey: $key}", NOBODY_FINDS | {OWNER: DONE}
        )
    },
    "groupInvitationLinkUse": {
        "": Ask("input: {clientKey: $key, token: $token}", SIGNED_IN_DO),
        "that is none": Ask("input: {clientKey: $key, token: $key}", NOBODY_FINDS),
    },
}
