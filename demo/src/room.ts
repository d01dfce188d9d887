/** One open conversation: its messages by number, who reads, who types, and what is being sent. */

import { batch, computed, signal } from "@preact/signals";
import { follow, mutate, newKey, query, Refused, session } from "./client";
import {
  AGAIN,
  ANSWERS,
  DELETE,
  EDIT,
  EDITS,
  MARK_READ,
  PIN,
  REACT,
  ROOM,
  ROOM_EVENTS,
  ROOM_PRESENCE,
  STOP,
  THREAD,
  TYPING,
  UNPIN,
  UNREACT,
} from "./documents";
import { conversation, loadOne, patch } from "./inbox";
import { complain } from "./notice";
import { send, shown, unsentIn } from "./outbox";
import { partsOf, type Part } from "./timeline";
import type { Answer, Earlier, Message, Nodes, Person, Quote, RoomEvent } from "./types";
import type { Sent } from "./uploads";

const SCREEN = 40;
const PAGE = 100;
const TYPING_EVERY = 3_000;

/** What one says: to all, or in a thread. */
export interface Said {
  text: string;
  replyTo: Quote | null;
  mentionIds: string[];
  mentionEveryone: boolean;
  files: Sent[];
}

export class Room {
  /** All that was heard of; from `first` on there are no holes. */
  private readonly known = signal<ReadonlyMap<number, Message>>(new Map());
  private readonly first = signal(Infinity);
  readonly unsent = computed(() => unsentIn(this.id));
  readonly members = signal<readonly Person[]>([]);
  readonly pinned = signal<readonly Quote[]>([]);
  readonly onlineIds = signal<ReadonlySet<string>>(new Set());
  readonly typing = signal<readonly Person[]>([]);
  readonly hasOlder = signal(false);
  readonly isLoaded = signal(false);
  /** What a screen reader is told. */
  readonly said = signal("");
  /** The message to be shown next. */
  readonly wanted = signal<number | null>(null);
  /** The message whose thread is open. */
  readonly thread = signal<Pick<Quote, "id" | "number"> | null>(null);
  readonly hasOlderReplies = signal(false);
  private readonly growing = signal<ReadonlyMap<string, { answer: Answer; text: string }>>(new Map());

  readonly list = computed(() =>
    [...this.known.value.values()]
      .filter((message) => message.number >= this.first.value)
      .sort((a, b) => a.number - b.number),
  );
  /** Answers until their message is there. */
  readonly answers = computed(() => {
    const ids = new Set(this.list.value.map((message) => message.id));
    return [...this.growing.value.values()].filter(({ answer }) => !ids.has(answer.messageId));
  });
  readonly replies = computed(() =>
    [...this.known.value.values()]
      .filter((message) => message.threadRoot?.id === this.thread.value?.id)
      .sort((a, b) => a.number - b.number),
  );
  readonly root = computed(() => this.known.value.get(this.thread.value?.number ?? 0));

  /** Who has read how far: the highest number by person, but for oneself. */
  private readonly read = signal<ReadonlyMap<string, { person: Person; number: number }>>(new Map());
  private readonly readers = computed(() => {
    const at = new Map<number, Person[]>();
    for (const { person, number } of this.read.value.values())
      at.set(number, [...(at.get(number) ?? []), person]);
    return at;
  });
  private former: Part[] = [];
  readonly parts = computed(() => (this.former = partsOf(this.list.value, this.readers.value, this.former)));

  private after: string | null = null;
  private oldest: string | null = null;
  private oldestReply: string | null = null;
  private loading: Promise<void> | null = null;
  private stops: (() => void)[] = [];
  private typedAt = 0;
  private closed = false;

  constructor(readonly id: string) {}

  /**
   * Load the newest messages and follow what happens.
   *
   * @param over Told when one does not take part any more.
   */
  async open(over: () => void) {
    await Promise.all([this.load(), loadOne(this.id)]);
    shown.set(this.id, (message) => this.put(message));
    this.stops = [
      follow<RoomEvent>(ROOM_EVENTS, {
        variables: () => ({ id: this.id, after: this.after }),
        hear: (event) => this.hear(event),
        over,
      }),
      follow<{ online: Person[] | null; typing: Person[] | null }>(ROOM_PRESENCE, {
        variables: () => ({ id: this.id }),
        hear: ({ online, typing }) => {
          const ids = (online ?? []).map((person) => person.id);
          // The stream also tells who types, which changes nothing about who is there.
          if (ids.sort().join() !== [...this.onlineIds.value].join()) this.onlineIds.value = new Set(ids);
          this.typing.value = (typing ?? []).filter((person) => !isMe(person));
        },
      }),
    ];
    this.stops.push(
      follow<{ answer: Answer; offset: number; text: string }>(ANSWERS, {
        variables: () => ({ id: this.id }),
        hear: ({ answer, offset, text }) => this.grow(answer, offset, text),
        // What ended meanwhile is told by nobody.
        again: () => (this.growing.value = new Map()),
      }),
    );
    if (this.closed) this.close();
  }

  close() {
    this.closed = true;
    shown.delete(this.id);
    this.stops.forEach((stop) => stop());
  }

  private async load(before: string | null = null) {
    const { conversation } = await query<{
      conversation: {
        eventsCursor: string;
        participants: Nodes<Person> | null;
        pinnedMessages: Nodes<Quote> | null;
        messages: Earlier<Message>;
      } | null;
    }>(ROOM, { id: this.id, last: before === null ? SCREEN : PAGE, before });
    if (conversation === null) throw new Refused("This conversation is not yours any more.", "NOT_FOUND");
    const { nodes, pageInfo } = conversation.messages;
    batch(() => {
      if (before === null) {
        // What was told while the answer was under way is newer than it, and stays.
        const last = nodes.at(-1)?.number ?? 0;
        this.known.value = new Map([...this.known.value].filter(([number]) => number > last));
        this.after ??= conversation.eventsCursor;
      }
      this.put(...nodes);
      this.first.value = nodes[0]?.number ?? (before === null ? 0 : this.first.value);
      this.oldest = pageInfo.startCursor ?? this.oldest;
      this.hasOlder.value = pageInfo.hasPreviousPage;
      this.members.value = conversation.participants?.nodes ?? [];
      this.pinned.value = conversation.pinnedMessages?.nodes ?? [];
      this.isLoaded.value = true;
    });
  }

  async loadOlder() {
    if (!this.hasOlder.value || this.oldest === null) return;
    await (this.loading ??= this.load(this.oldest).finally(() => (this.loading = null)));
  }

  /** Show a message, however long ago it was said. */
  async reach(number: number) {
    try {
      while (number < this.first.value && this.hasOlder.value) await this.loadOlder();
      this.wanted.value = number;
    } catch (error) {
      complain(error);
    }
  }

  // -- a thread

  async openThread(root: Pick<Quote, "id" | "number">) {
    this.thread.value = { id: root.id, number: root.number };
    this.oldestReply = null;
    this.hasOlderReplies.value = false;
    await this.loadReplies();
  }

  async loadReplies() {
    const id = this.thread.value?.id;
    if (id === undefined) return;
    type Thread = Message & { replies: Earlier<Message> };
    try {
      const { node } = await query<{ node: Thread | null }>(THREAD, { id, before: this.oldestReply });
      if (node === null || this.thread.value?.id !== id) return;
      const { replies, ...root } = node;
      this.put(root, ...replies.nodes);
      this.oldestReply = replies.pageInfo.startCursor;
      this.hasOlderReplies.value = replies.pageInfo.hasPreviousPage;
    } catch (error) {
      complain(error);
    }
  }

  private put(...messages: Message[]) {
    const all = new Map(this.known.value);
    const read = new Map(this.read.value);
    for (const message of messages) {
      all.set(message.number, message);
      for (const person of message.readBy?.nodes ?? []) note(read, person, message.number);
    }
    this.known.value = all;
    this.read.value = read;
  }

  private hear(event: RoomEvent) {
    this.after = event.cursor;
    switch (event.__typename) {
      case "MessageSent": {
        const { message } = event;
        if (!isMe(message.sender) && !this.known.value.has(message.number))
          this.said.value = `${message.sender?.name ?? "Somebody"}: ${message.text ?? "a file"}`;
        const root = this.known.value.get(message.threadRoot?.number ?? 0);
        this.put(message, ...(root ? [{ ...root, replyCount: message.threadRoot!.replyCount }] : []));
        break;
      }
      case "MessageEdited":
      case "MessageDeleted":
      case "ReactionChanged":
        // Of a message that is not on the page nothing is shown.
        if (this.known.value.has(event.message.number)) this.put(event.message);
        break;
      case "PinChanged":
        if (this.known.value.has(event.message.number)) this.put(event.message);
        this.pinned.value = [
          ...(event.message.isPinned ? [event.message] : []),
          ...this.pinned.value.filter((one) => one.id !== event.message.id),
        ];
        break;
      case "ReceiptChanged":
        if (event.user !== null) {
          const read = new Map(this.read.value);
          note(read, event.user, event.messageNumber);
          this.read.value = read;
        }
        break;
      case "MembersChanged": {
        const gone = new Set((event.removed ?? []).map((person) => person.id));
        const added = event.added ?? [];
        const stay = this.members.value.filter(
          (person) => !gone.has(person.id) && !added.some((one) => one.id === person.id),
        );
        this.members.value = [...stay, ...added];
        break;
      }
      case "RefetchNeeded":
        this.oldestReply = null;
        void this.load().then(() => this.loadReplies(), complain);
    }
  }

  private grow(answer: Answer, offset: number, piece: string) {
    const growing = new Map(this.growing.value);
    const text = offset === 0 ? piece : (growing.get(answer.id)?.text ?? "") + piece;
    if (answer.state === "CANCELLED" || answer.state === "ABANDONED") growing.delete(answer.id);
    else growing.set(answer.id, { answer, text });
    this.growing.value = growing;
  }

  // -- doing

  stop = (answer: Answer) => mutate(STOP, { id: answer.id, key: newKey() }).catch(complain);

  /** Whether the viewer may mention everybody. */
  get isLed() {
    const group = conversation(this.id)?.group;
    return group === null || group?.viewerCanManage === true;
  }

  send = (said: Said) => send({ conversationId: this.id, ...said });

  edit = (message: Message, text: string) => this.change(EDIT, { id: message.id, text });
  remove = (message: Message) => this.change(DELETE, { id: message.id }).catch(complain);
  pin = (message: Message) =>
    this.change(message.isPinned ? UNPIN : PIN, { id: message.id }).catch(complain);
  react(message: Message, emoji: string) {
    const mine = message.reactions.some((one) => one.emoji === emoji && one.viewerHasReacted);
    return this.change(mine ? UNREACT : REACT, { id: message.id, emoji }).catch(complain);
  }

  private async change(document: string, variables: object) {
    const { message } = await mutate<{ message: Message }>(document, { ...variables, key: newKey() });
    this.put(message);
  }

  /** Ask for a message again: the addresses of its files hold for a while only. */
  async again(message: Message) {
    const { node } = await query<{ node: Message | null }>(AGAIN, { id: message.id });
    if (node !== null) this.put(node);
  }

  /** What a message said before, the first first. */
  async edits(message: Message) {
    type Edits = { node: { edits: Nodes<{ createdAt: string; text: string | null }> } | null };
    return (await query<Edits>(EDITS, { id: message.id })).node?.edits.nodes ?? [];
  }

  async markRead() {
    patch(this.id, { unreadCount: 0, unreadMentionCount: 0 });
    await mutate(MARK_READ, { id: this.id, key: newKey() }).catch(() => {});
  }

  /** Tell the others, now and then, that somebody writes, and at once when they stop. */
  type(on: boolean) {
    const now = Date.now();
    if (on === this.typedAt > 0 && now - this.typedAt < TYPING_EVERY) return;
    if (!on && this.typedAt === 0) return;
    this.typedAt = on ? now : 0;
    void mutate(TYPING, { id: this.id, on, key: newKey() }).catch(() => {});
  }
}

function note(
  read: Map<string, { person: Person; number: number }>,
  person: Person,
  number: number,
) {
  if (!isMe(person) && (read.get(person.id)?.number ?? 0) < number)
    read.set(person.id, { person, number });
}

export const isMe = (person: Person | null) => person?.id === session.value?.viewer.id;
