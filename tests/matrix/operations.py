"""Operations that change what an estate has, as text."""

SUBMIT = """mutation($id: ID!, $key: String!) {
  productSubmit(productId: $id, input: {clientKey: $key}) { errors { code } } }"""
PUBLISH = """mutation($id: ID!, $key: String!) {
  productPublish(productId: $id, input: {clientKey: $key}) { errors { code } } }"""
DELETE = """mutation($id: ID!, $key: String!) {
  productDelete(productId: $id, input: {clientKey: $key}) { errors { code } } }"""
REJECT = """mutation($id: ID!, $key: String!, $remark: String!) {
  productReject(productId: $id, input: {clientKey: $key, remark: $remark}) { errors { code } } }"""
REPORT = """mutation($id: ID!, $reason: String!, $key: String!) {
  moderationItemReport(subjectId: $id, input: {reason: $reason, clientKey: $key}) {
    moderationItem { id } errors { code } } }"""
ASSIGN = """mutation($id: ID!, $key: String!) {
  moderationItemAssign(moderationItemId: $id, input: {clientKey: $key}) {
    moderationItem { id } errors { code } } }"""
DECIDE = """mutation($id: ID!, $verdict: ModerationVerdict!, $note: String, $key: String!) {
  moderationItemDecide(moderationItemId: $id, input: {
    verdict: $verdict, note: $note, clientKey: $key
  }) {
    moderationItem { decisions { nodes { id } } } errors { code } } }"""
SEND_FILE = """mutation($id: ID!, $text: String, $url: String!, $note: JSON, $key: String!) {
  messageSend(conversationId: $id, input: {
    text: $text, attachments: [{url: $url, type: FILE}], metadata: $note, clientKey: $key
  }) { message { id } errors { code } } }"""
KEEP = """mutation($id: ID!, $key: String!) {
  conversationSettingsUpdate(conversationId: $id, input: {
    mutedUntil: "2999-01-01T00:00:00Z", isPinned: true, clientKey: $key
  }) { errors { code } } }"""
DESCRIBE = """mutation(
  $id: ID!, $summary: String, $tags: [String!], $context: JSON, $key: String!
) {
  conversationUpdate(conversationId: $id, input: {
    summary: $summary, tags: $tags, context: $context, clientKey: $key
  }) { errors { code } } }"""
PREFER = """mutation($key: String!) { preferencesUpdate(input: {
  preferredModel: "a model", clientKey: $key}) { errors { code } } }"""
START_ASSISTANT = """mutation($title: String!, $key: String!) {
  conversationStart(input: {kind: ASSISTANT, title: $title, clientKey: $key}) {
    conversation { id } errors { code } } }"""
