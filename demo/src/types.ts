/** What the API answers, as far as the page reads it. */

export interface UserError {
  code: string;
  message: string;
  field: string[] | null;
}
export interface Payload {
  errors: UserError[];
}
export interface Person {
  id: string;
  name: string;
  role?: "USER" | "MODERATOR" | "ADMIN" | "SERVICE";
  isOnline?: boolean;
}
export interface Nodes<T> {
  nodes: T[];
}
export interface Page<T> extends Nodes<T> {
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}
/** A page that goes back. */
export interface Earlier<T> extends Nodes<T> {
  pageInfo: { hasPreviousPage: boolean; startCursor: string | null };
}
export interface Reaction {
  emoji: string;
  count: number;
  viewerHasReacted: boolean;
}
export interface Quote {
  id: string;
  number: number;
  text: string | null;
  deleted: boolean;
  sender: Person | null;
}
export interface Attachment {
  url: string;
  type: "FILE" | "IMAGE" | "VIDEO" | "AUDIO";
}
export interface Message extends Quote {
  seq: number;
  role: "USER" | "ASSISTANT" | "SYSTEM";
  createdAt: string;
  editedAt: string | null;
  isPinned: boolean;
  viewerCanEdit: boolean;
  viewerCanDelete: boolean;
  viewerCanPin: boolean;
  viewerCanReact: boolean;
  replyCount: number;
  attachments: Attachment[];
  /** What this page kept of its files; other clients may have kept anything. */
  metadata: { files?: unknown };
  replyTo: Quote | null;
  threadRoot: { id: string; number: number; replyCount: number } | null;
  mentions: Nodes<Person> | null;
  reactions: Reaction[];
  readBy: Nodes<Person> | null;
}
export interface Summary {
  id: string;
  kind: "DIRECT" | "GROUP" | "ASSISTANT";
  title: string | null;
  messageCount: number;
  unreadCount: number;
  unreadMentionCount: number;
  lastActivityAt: string;
  isArchived: boolean;
  isMuted: boolean;
  isPinned: boolean;
  group: { id: string; name: string; viewerCanManage: boolean } | null;
  participants: Nodes<Person> | null;
  lastMessage: (Pick<Quote, "id" | "text" | "deleted" | "sender"> & { createdAt: string }) | null;
}
/** An answer that grows; it becomes a message when it ends. */
export interface Answer {
  id: string;
  messageId: string;
  state: "RUNNING" | "FINISHED" | "CANCELLED" | "ABANDONED";
  sender: Person | null;
}
export interface Later {
  id: string;
  text: string | null;
  sendAt: string;
  state: "WAITING" | "SENDING" | "SENT" | "FAILED" | "CANCELLED";
  failure: string | null;
  conversation: { id: string } | null;
}
export type RoomEvent = { cursor: string; seq: number } & (
  | { __typename: "MessageSent" | "MessageEdited" | "MessageDeleted" | "ReactionChanged" | "PinChanged"; message: Message }
  | { __typename: "ReceiptChanged"; messageNumber: number; user: Person | null }
  | { __typename: "MembersChanged"; added: Person[] | null; removed: Person[] | null }
  | { __typename: "ConversationChanged" | "RefetchNeeded" }
);
