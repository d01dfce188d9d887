"""Mutations of conversations: their messages, files, answers and settings."""

from tests.matrix.columns import (
    DONE,
    FORBIDDEN,
    FOUND,
    INVALID,
    MEMBER,
    NOT_FOUND,
    OWNER,
    SERVICE,
    UNAUTHENTICATED,
    row,
)
from tests.matrix.rules.roots import Ask
from tests.matrix.rules.rows import (
    LEADERS_DO,
    NOBODY_FINDS,
    PARTICIPANTS_DO,
    SERVICE_DOES,
    SIGNED_IN_DO,
)

CHAT_MUTATIONS: dict[str, dict[str, Ask]] = {
    "conversationStart": {
        "direct": Ask("input: {clientKey: $key, kind: DIRECT, userId: $outsider}", SIGNED_IN_DO),
        "a group's": Ask(
            "input: {clientKey: $key, kind: GROUP, groupId: $choir}",
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=FOUND, member=FOUND),
        ),
        "with an assistant": Ask("input: {clientKey: $key, kind: ASSISTANT}", SIGNED_IN_DO),
        "with a service account": Ask(
            "input: {clientKey: $key, kind: ASSISTANT, userId: $program}", SIGNED_IN_DO
        ),
        "with a person as assistant": Ask(
            "input: {clientKey: $key, kind: ASSISTANT, userId: $outsider}",
            row(INVALID, anonymous=UNAUTHENTICATED),
        ),
    },
    "messageSend": {
        "to a group": Ask(
            'conversationId: $song, input: {clientKey: $key, text: "La"}', PARTICIPANTS_DO
        ),
        "to two others": Ask(
            'conversationId: $duet, input: {clientKey: $key, text: "La"}',
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=DONE),
        ),
        "to everybody": Ask(
            'conversationId: $song, input: {clientKey: $key, text: "La", mentionEveryone: true}',
            LEADERS_DO,
        ),
        "as an assistant": Ask(
            'conversationId: $song, input: {clientKey: $key, text: "La", role: ASSISTANT}',
            NOBODY_FINDS | {OWNER: FORBIDDEN, MEMBER: FORBIDDEN},
        ),
        "to a stranger": Ask(
            'conversationId: $song, input: {clientKey: $key, text: "La", mentionIds: [$stranger]}',
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=INVALID, member=INVALID),
        ),
        "in answer to what is elsewhere": Ask(
            'conversationId: $song, input: {clientKey: $key, text: "La", replyToId: $note}',
            NOBODY_FINDS,
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
        "": Ask("conversationId: $song, input: {clientKey: $key, isPinned: true}", PARTICIPANTS_DO)
    },
    "attachmentCreate": {
        "": Ask(
            'input: {clientKey: $key, conversationId: $song, fileName: "a.png", '
            'contentType: "image/png", size: 70}',
            PARTICIPANTS_DO,
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
        "of the former member": Ask("messageId: $re, input: {clientKey: $key}", LEADERS_DO),
    },
    "messageReactionAdd": {
        "": Ask('messageId: $mi, input: {clientKey: $key, emoji: "👍"}', PARTICIPANTS_DO),
    },
    "messageReactionRemove": {
        "": Ask('messageId: $mi, input: {clientKey: $key, emoji: "👍"}', PARTICIPANTS_DO),
    },
    "messagePin": {"": Ask("messageId: $mi, input: {clientKey: $key}", LEADERS_DO)},
    "messageUnpin": {"": Ask("messageId: $mi, input: {clientKey: $key}", LEADERS_DO)},
    "messageSchedule": {
        "": Ask(
            'conversationId: $song, input: {clientKey: $key, text: "La", sendAt: $tomorrow}',
            PARTICIPANTS_DO,
        ),
        "in answer to what is elsewhere": Ask(
            'conversationId: $song, input: {clientKey: $key, text: "La", replyToId: $note, '
            "sendAt: $tomorrow}",
            NOBODY_FINDS,
        ),
        "with the owner's file": Ask(
            "conversationId: $talk, input: {clientKey: $key, attachmentIds: [$scan], "
            "sendAt: $tomorrow}",
            NOBODY_FINDS | {OWNER: DONE},
        ),
    },
    "scheduledMessageUpdate": {
        "": Ask(
            'scheduledMessageId: $plan, input: {clientKey: $key, text: "Si", metadata: {si: 1}, '
            'attachments: [{url: "https://files.example/si.png", type: IMAGE}], '
            "attachmentIds: [$scan]}",
            NOBODY_FINDS | {OWNER: DONE},
        )
    },
    "scheduledMessageCancel": {
        "": Ask("scheduledMessageId: $plan, input: {clientKey: $key}", NOBODY_FINDS | {OWNER: DONE})
    },
    "answerStart": {
        "": Ask("conversationId: $stage, input: {clientKey: $key}", SERVICE_DOES),
        "in answer to what is elsewhere": Ask(
            "conversationId: $stage, input: {clientKey: $key, replyToId: $note}",
            SERVICE_DOES | {SERVICE: NOT_FOUND},
        ),
    },
    # What grows leaves no trace in a store.
    "answerAppend": {
        "": Ask(
            'answerId: $growing, input: {clientKey: $key, offset: 0, text: "La"}',
            SERVICE_DOES | {SERVICE: FOUND},
        )
    },
    "answerFinish": {
        "": Ask('answerId: $growing, input: {clientKey: $key, text: "La", tokens: 1}', SERVICE_DOES)
    },
    "answerCancel": {
        "": Ask("answerId: $growing, input: {clientKey: $key}", SERVICE_DOES | {OWNER: DONE})
    },
    "conversationMarkRead": {
        "": Ask("conversationId: $song, input: {clientKey: $key}", PARTICIPANTS_DO),
        "by another's message": Ask(
            "conversationId: $song, input: {clientKey: $key, messageId: $note}", NOBODY_FINDS
        ),
    },
    # What is forgotten within seconds leaves no trace in a store.
    "conversationTyping": {
        "": Ask(
            "conversationId: $song, input: {clientKey: $key}",
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=FOUND, member=FOUND),
        )
    },
}
