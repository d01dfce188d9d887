/** What the page asks of the API. */

const USER = "id name";
const QUOTE = `id number text deleted sender { ${USER} }`;
const MESSAGE = `id number seq role text deleted createdAt editedAt isPinned replyCount metadata
  viewerCanEdit viewerCanDelete viewerCanPin viewerCanReact
  sender { ${USER} } attachments { url type }
  replyTo { ${QUOTE} } threadRoot { id number replyCount }
  mentions(first: 20) { nodes { ${USER} } }
  reactions { emoji count viewerHasReacted }
  readBy(first: 20) { nodes { ${USER} } }`;
const SUMMARY = `id kind title messageCount unreadCount unreadMentionCount lastActivityAt
  isArchived isMuted isPinned
  group { id name viewerCanManage }
  participants(first: 3) { nodes { ${USER} isOnline } }
  lastMessage { id text deleted createdAt sender { ${USER} } attachments { type } }`;
const ERRORS = "errors { code field message }";

export const CODE_REQUEST = `mutation($email: String!, $action: AuthAction!, $key: String!) {
  authCodeRequest(input: {email: $email, action: $action, platform: DEED_O, clientKey: $key}) {
    code { digits } ${ERRORS} } }`;
export const CODE_VERIFY = `mutation($email: String!, $action: AuthAction!, $code: String!, $name: String, $key: String!) {
  authCodeVerify(input: {email: $email, action: $action, platform: DEED_O, code: $code, name: $name,
    deviceName: "Demo page", clientKey: $key}) {
    viewer { ${USER} } token { accessToken accessTokenExpiresAt refreshToken } ${ERRORS} } }`;
export const TOKEN_REFRESH = `mutation($token: String!, $key: String!) {
  authTokenRefresh(input: {refreshToken: $token, clientKey: $key}) {
    viewer { ${USER} } token { accessToken accessTokenExpiresAt refreshToken } ${ERRORS} } }`;

export const SESSIONS = "{ viewer { sessions(first: 50) { nodes { id isCurrent } } } }";
export const SIGN_OUT = `mutation($id: ID!, $key: String!) {
  sessionRevoke(sessionId: $id, input: {clientKey: $key}) { ${ERRORS} } }`;

export const INBOX = `query($archived: Boolean, $after: String) {
  conversations(first: 30, after: $after, filter: {isArchived: $archived}) {
    nodes { ${SUMMARY} } pageInfo { hasNextPage endCursor } } }`;
export const PRESENCE = `subscription($ids: [ID!]!) { presence(userIds: $ids) {
  online { id } offline { id } } }`;
export const INBOX_EVENTS = `subscription($after: String) { inbox(after: $after) {
  cursor conversationId conversation { ${SUMMARY} } } }`;
export const SETTINGS = `mutation($id: ID!, $input: ConversationSettingsUpdateInput!) {
  conversationSettingsUpdate(conversationId: $id, input: $input) { conversation { ${SUMMARY} } ${ERRORS} } }`;

export const ROOM = `query($id: ID!, $last: Int!, $before: String) { conversation(id: $id) {
  eventsCursor
  participants(first: 100) { nodes { ${USER} isOnline } }
  pinnedMessages(first: 100) { nodes { ${QUOTE} } }
  messages(last: $last, before: $before) {
    nodes { ${MESSAGE} } pageInfo { hasPreviousPage startCursor } } } }`;
export const ABOUT = `query($id: ID!) { conversation(id: $id) { ${SUMMARY} } }`;
export const THREAD = `query($id: ID!, $before: String) { node(id: $id) { ... on Message { ${MESSAGE}
  replies(last: 50, before: $before) { nodes { ${MESSAGE} } pageInfo { hasPreviousPage startCursor } } } } }`;
export const AGAIN = `query($id: ID!) { node(id: $id) { ... on Message { ${MESSAGE} } } }`;
export const EDITS = `query($id: ID!) { node(id: $id) { ... on Message { edits(last: 50) {
  nodes { createdAt text } } } } }`;
export const ROOM_EVENTS = `subscription($id: ID!, $after: String) { conversationEvents(conversationId: $id, after: $after) {
  __typename cursor seq
  ... on MessageSent { message { ${MESSAGE} } }
  ... on MessageEdited { message { ${MESSAGE} } }
  ... on MessageDeleted { message { ${MESSAGE} } }
  ... on ReactionChanged { message { ${MESSAGE} } }
  ... on PinChanged { message { ${MESSAGE} } }
  ... on ReceiptChanged { messageNumber user { ${USER} } }
  ... on MembersChanged { added { ${USER} isOnline } removed { ${USER} } } } }`;
export const ROOM_PRESENCE = `subscription($id: ID!) { conversationPresence(conversationId: $id) {
  online { ${USER} } typing { ${USER} } } }`;

export const ANSWERS = `subscription($id: ID!) { messageDelta(conversationId: $id) {
  answer { id messageId state sender { ${USER} } } offset text } }`;
export const STOP = `mutation($id: ID!, $key: String!) {
  answerCancel(answerId: $id, input: {clientKey: $key}) { ${ERRORS} } }`;
export const SEND = `mutation($id: ID!, $input: MessageSendInput!) {
  messageSend(conversationId: $id, input: $input) { message { ${MESSAGE} } ${ERRORS} } }`;
export const EDIT = `mutation($id: ID!, $text: String!, $key: String!) {
  messageEdit(messageId: $id, input: {text: $text, clientKey: $key}) { message { ${MESSAGE} } ${ERRORS} } }`;
export const DELETE = `mutation($id: ID!, $key: String!) {
  messageDelete(messageId: $id, input: {clientKey: $key}) { message { ${MESSAGE} } ${ERRORS} } }`;
export const REACT = `mutation($id: ID!, $emoji: String!, $key: String!) {
  messageReactionAdd(messageId: $id, input: {emoji: $emoji, clientKey: $key}) { message { ${MESSAGE} } ${ERRORS} } }`;
export const UNREACT = `mutation($id: ID!, $emoji: String!, $key: String!) {
  messageReactionRemove(messageId: $id, input: {emoji: $emoji, clientKey: $key}) { message { ${MESSAGE} } ${ERRORS} } }`;
export const PIN = `mutation($id: ID!, $key: String!) {
  messagePin(messageId: $id, input: {clientKey: $key}) { message { ${MESSAGE} } ${ERRORS} } }`;
export const UNPIN = `mutation($id: ID!, $key: String!) {
  messageUnpin(messageId: $id, input: {clientKey: $key}) { message { ${MESSAGE} } ${ERRORS} } }`;
export const UPLOAD = `mutation($input: AttachmentCreateInput!) { attachmentCreate(input: $input) {
  attachment { id method url headers { name value } } ${ERRORS} } }`;
const LATER = "id text sendAt state failure conversation { id }";
export const SCHEDULE = `mutation($id: ID!, $input: MessageScheduleInput!) {
  messageSchedule(conversationId: $id, input: $input) { scheduledMessage { ${LATER} } ${ERRORS} } }`;
export const SCHEDULED = `{ viewer { scheduledMessages(first: 100) { nodes { ${LATER} } } } }`;
export const UNSCHEDULE = `mutation($id: ID!, $key: String!) {
  scheduledMessageCancel(scheduledMessageId: $id, input: {clientKey: $key}) { scheduledMessage { ${LATER} } ${ERRORS} } }`;
export const MARK_READ = `mutation($id: ID!, $key: String!) {
  conversationMarkRead(conversationId: $id, input: {clientKey: $key}) {
    conversation { id unreadCount unreadMentionCount } ${ERRORS} } }`;
export const TYPING = `mutation($id: ID!, $on: Boolean!, $key: String!) {
  conversationTyping(conversationId: $id, input: {isTyping: $on, clientKey: $key}) { ${ERRORS} } }`;
export const SEARCH = `query($query: String!, $filter: MessageSearchFilter) { messageSearch(query: $query, filter: $filter, first: 20) {
  nodes { ${QUOTE} createdAt conversation { id } } } }`;
export const PEOPLE = `query($name: String) { users(first: 20, filter: {namePrefix: $name}) { nodes { ${USER} role isOnline } } }`;
export const GROUPS = `query($name: String) { groups(first: 50, filter: {nameContains: $name}) {
  nodes { id name memberCount joinPolicy viewerMembership { role } } } }`;
export const JOIN = `mutation($id: ID!, $key: String!) { groupJoin(groupId: $id, input: {clientKey: $key}) {
  group { conversation { ${SUMMARY} } } ${ERRORS} } }`;
export const START = `mutation($kind: ConversationKind!, $user: ID!, $key: String!) {
  conversationStart(input: {kind: $kind, userId: $user, clientKey: $key}) { conversation { ${SUMMARY} } ${ERRORS} } }`;
