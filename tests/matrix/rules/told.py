"""Every field of what streams tell, and of what is its asker's alone. A new one is named here."""

_EVENT = "cursor seq conversation"

# What a stream tells those whom SUBSCRIPTIONS let in.
EVENTS = {
    "MessageSent": (_EVENT + " message").split(),
    "MessageEdited": (_EVENT + " message").split(),
    "MessageDeleted": (_EVENT + " message actor").split(),
    "ReactionChanged": (_EVENT + " message actor emoji isRemoved").split(),
    "PinChanged": (_EVENT + " message actor isPinned").split(),
    "ReceiptChanged": (_EVENT + " user messageNumber").split(),
    "MembersChanged": (_EVENT + " actor added removed").split(),
    "ConversationChanged": (_EVENT + " actor changed").split(),
    "RefetchNeeded": _EVENT.split(),
    "InboxEvent": ["cursor", "conversation", "conversationId"],
    "GroupInvitationsEvent": ["viewer"],
    "PreferencesChanged": ["preferences"],
    "ViewerChanged": ["viewer"],
    "PresenceChanged": ["online", "offline", "changed"],
    "ConversationPresence": ["onlineCount", "conversation", "online", "typing"],
    "MessageDelta": ["answer", "offset", "text"],
}

# What is shown with an event or a payload, to whom that is shown.
WITHIN = {
    "Answer": [
        *("id", "messageId", "state", "length", "model", "provider", "metadata", "startedAt"),
        *("sender", "conversation", "replyTo", "message"),
    ],
}

# What feeds tell those whom SUBSCRIPTIONS let in.
FACTS = {
    "ModerationEvent": ["cursor", "seq", "kind", "item", "actor"],
    "ProductEvent": ["cursor", "productId", "product"],
    "GroupEvent": [
        *("cursor", "kind", "groupId", "group", "user", "member"),
        *("groupInvitation", "groupInvitationLink"),
    ],
    "ScheduledMessageEvent": ["cursor", "scheduledMessageId", "scheduledMessage"],
}

# What is nobody's but the asker's: a budget, which this server does not limit, and what a code or a
# token is exchanged for, and what an admin has just made.
OWN = {
    "RateLimit": ["limit", "cost", "remaining", "resetAt"],
    "Account": ["closedAt"],
    "DataExport": ["url", "expiresAt"],
    "AuthCode": ["digits", "expiresAt"],
    "GroupInvitationToken": ["token"],
    "AuthToken": ["accessToken", "accessTokenExpiresAt", "refreshToken"],
    "ServiceKey": ["token", "session"],
    "ServiceAccount": ["user", "key"],
    "Attachment": ["id", "method", "url", "headers", "expiresAt"],
    "HttpHeader": ["name", "value"],
}
