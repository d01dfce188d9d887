"""What people do to messages, and how a test looks at them."""

EDIT = """mutation($id: ID!, $text: String, $key: String!) {
  messageEdit(messageId: $id, input: {text: $text, clientKey: $key}) {
    message { id text editedAt viewerCanEdit } conversation { lastMessage { text } }
    errors { code field message } } }"""

EDIT_MENTIONS = """mutation($id: ID!, $users: [ID!]!, $key: String!) {
  messageEdit(messageId: $id, input: {mentionIds: $users, clientKey: $key}) {
    message { mentions { nodes { id } } } errors { code field message } } }"""

DELETE = """mutation($id: ID!, $key: String!) {
  messageDelete(messageId: $id, input: {clientKey: $key}) {
    message { id text deleted } conversation { lastMessage { text } }
    errors { code field message } } }"""

REACT = """mutation($id: ID!, $emoji: String!, $key: String!) {
  messageReactionAdd(messageId: $id, input: {emoji: $emoji, clientKey: $key}) {
    message { reactions { emoji count viewerHasReacted users { nodes { id } } } }
    errors { code field message } } }"""

UNREACT = """mutation($id: ID!, $emoji: String!, $key: String!) {
  messageReactionRemove(messageId: $id, input: {emoji: $emoji, clientKey: $key}) {
    message { reactions { emoji count } } errors { code field message } } }"""

PIN = """mutation($id: ID!, $key: String!) {
  messagePin(messageId: $id, input: {clientKey: $key}) {
    message { isPinned } conversation { pinnedMessages { nodes { text } } }
    errors { code field message } } }"""

UNPIN = """mutation($id: ID!, $key: String!) {
  messageUnpin(messageId: $id, input: {clientKey: $key}) {
    message { isPinned } errors { code field message } } }"""

REPLY = """mutation($id: ID!, $text: String!, $to: ID, $key: String!) {
  messageSend(conversationId: $id, input: {text: $text, replyToId: $to, clientKey: $key}) {
    message { id text replyTo { id } threadRoot { id replyCount } }
    errors { code field message } } }"""

MENTION = """mutation($id: ID!, $text: String!, $users: [ID!]!, $all: Boolean!, $key: String!) {
  messageSend(conversationId: $id, input: {
    text: $text, mentionIds: $users, mentionEveryone: $all, clientKey: $key
  }) {
    message { id mentionsEveryone mentions { nodes { id } } } errors { code field message } } }"""

READ = """mutation($id: ID!, $message: ID, $key: String!) {
  conversationMarkRead(conversationId: $id, input: {messageId: $message, clientKey: $key}) {
    conversation { unreadCount unreadMentionCount } errors { code field message } } }"""

MESSAGE = """query($id: ID!) { node(id: $id) { ... on Message {
  text deleted editedAt metadata attachments { url } mentionsEveryone mentions { nodes { id } }
  reactions { emoji count viewerHasReacted } isPinned replyCount
  edits { nodes { text attachments { url } editor { id } } } } } }"""

SCHEDULE = """mutation($id: ID!, $text: String, $at: DateTime!, $to: ID, $key: String!,
    $links: [MediumInput!]! = [], $files: [ID!]! = [], $metadata: JSON) {
  messageSchedule(conversationId: $id, input: {text: $text, attachments: $links,
    attachmentIds: $files, metadata: $metadata, sendAt: $at, replyToId: $to, clientKey: $key
  }) {
    scheduledMessage {
      id text attachments { url type } metadata sendAt state failure message { id } }
    errors { code field message } } }"""
