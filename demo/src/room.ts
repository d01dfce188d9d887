/** One open conversation: its messages by number, who reads, who types, and what is being sent. */

import { batch, computed, signal } from "@preact/signals";
import { follow, mutate, newKey, query, Refused, session } from "./client";
import {
  DELETE,
  EDIT,
  MARK_READ,
  REACT,
  ROOM,
  ROOM_EVENTS,
  ROOM_PRESENCE,
  SEND,
  TYPING,
  UNREACT,
} from "./documents";
import { patch } from "./inbox";
import type { Message, Nodes, Person, Quote, RoomEvent } from "./types";

const PAGE = 40;
const TYPING_EVERY = 3_000;

/** A message that the server has not acknowledged; its key makes every try the same message. */
export interface Unsent {
  key: string;
  text: string;
  replyTo: Quote | null;
  mentionIds: string[];
  failure: string | null;
}

export class Room {
  readonly messages = signal<ReadonlyMap<number, Message>>(new Map());
  readonly unsent = signal<readonly Unsent[]>([]);
  readonly members = signal<readonly Person[]>([]);
  readonly pinned = signal<readonly Quote[]>([]);
  readonly onlineIds = signal<ReadonlySet<string>>(new Set());
  readonly typing = signal<readonly Person[]>([]);
  readonly hasOlder = signal(false);
  readonly isLoaded = signal(false);
  /** What a screen reader is told. */
  readonly said = signal("");

  readonly list = computed(() =>
    [...this.messages.value.values()].sort((a, b) => a.number - b.number),
  );

  /** Who has read how far: the highest number by person, but for oneself. */
  private readonly read = signal<ReadonlyMap<string, { person: Person; number: number }>>(new Map());
  readonly readers = computed(() => {
    const at = new Map<number, Person[]>();
    for (const { person, number } of this.read.value.values())
      at.set(number, [...(at.get(number) ?? []), person]);
    return at;
  });

  private after: string | null = null;
  private oldest: string | null = null;
  private stops: (() => void)[] = [];
  private typedAt = 0;
  private sending = false;

  constructor(readonly id: string) {}

  async open() {
    await this.load();
    this.stops = [
      follow<RoomEvent>(
        ROOM_EVENTS,
        () => ({ id: this.id, after: this.after }),
        (event) => this.hear(event),
        () => void this.flush(),
      ),
      follow<{ online: Person[] | null; typing: Person[] | null }>(
        ROOM_PRESENCE,
        () => ({ id: this.id }),
        ({ online, typing }) => {
          this.onlineIds.value = new Set((online ?? []).map((person) => person.id));
          this.typing.value = (typing ?? []).filter((person) => !isMe(person));
        },
      ),
    ];
  }

  close() {
    this.stops.forEach((stop) => stop());
  }

  private async load(before: string | null = null) {
    const { conversation } = await query<{
      conversation: {
        participants: Nodes<Person> | null;
        pinnedMessages: Nodes<Quote> | null;
        messages: Nodes<Message> & {
          pageInfo: { hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
        };
      } | null;
    }>(ROOM, { id: this.id, last: PAGE, before });
    if (conversation === null) throw new Refused("This conversation is not yours any more.", "NOT_FOUND");
    const { nodes, pageInfo } = conversation.messages;
    batch(() => {
      if (before === null) {
        this.messages.value = new Map();
        this.after = pageInfo.endCursor;
      }
      this.put(...nodes);
      this.oldest = pageInfo.startCursor ?? this.oldest;
      this.hasOlder.value = pageInfo.hasPreviousPage;
      this.members.value = conversation.participants?.nodes ?? [];
      this.pinned.value = conversation.pinnedMessages?.nodes ?? [];
      this.isLoaded.value = true;
    });
  }

  async loadOlder() {
    if (this.hasOlder.value && this.oldest !== null) await this.load(this.oldest);
  }

  private put(...messages: Message[]) {
    const all = new Map(this.messages.value);
    const read = new Map(this.read.value);
    for (const message of messages) {
      all.set(message.number, message);
      for (const person of message.readBy?.nodes ?? []) note(read, person, message.number);
    }
    this.messages.value = all;
    this.read.value = read;
  }

  private hear(event: RoomEvent) {
    this.after = event.cursor;
    switch (event.__typename) {
      case "MessageSent":
        if (!isMe(event.message.sender) && !this.messages.value.has(event.message.number))
          this.said.value = `${event.message.sender?.name ?? "Somebody"}: ${event.message.text ?? "a file"}`;
        this.put(event.message);
        break;
      case "MessageEdited":
      case "MessageDeleted":
      case "ReactionChanged":
        // Of a message that is not on the page nothing is shown.
        if (this.messages.value.has(event.message.number)) this.put(event.message);
        break;
      case "PinChanged":
        if (this.messages.value.has(event.message.number)) this.put(event.message);
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
        void this.load();
    }
  }

  // -- doing

  send(text: string, replyTo: Quote | null, mentionIds: string[]) {
    this.unsent.value = [
      ...this.unsent.value,
      { key: newKey(), text, replyTo, mentionIds, failure: null },
    ];
    this.typedAt = 0;
    void this.flush();
  }

  /** Send what waits, one after the other, so that it stays in order. */
  async flush() {
    if (this.sending) return;
    this.sending = true;
    try {
      for (let next = this.next(); next !== undefined; next = this.next()) await this.sendOne(next);
    } catch {
      setTimeout(() => void this.flush(), 2_000);
    } finally {
      this.sending = false;
    }
  }

  private next = () => this.unsent.value.find((one) => one.failure === null);

  private async sendOne(one: Unsent) {
    const input = {
      text: one.text,
      clientKey: one.key,
      replyToId: one.replyTo?.id ?? null,
      mentionIds: one.mentionIds,
    };
    try {
      const { message } = await mutate<{ message: Message }>(SEND, { id: this.id, input });
      batch(() => {
        this.put(message);
        this.forget(one.key);
      });
    } catch (error) {
      if (!(error instanceof Refused) || ["UNREACHABLE", "UNAVAILABLE"].includes(error.code)) throw error;
      const failure = error.message;
      this.unsent.value = this.unsent.value.map((u) => (u.key === one.key ? { ...u, failure } : u));
    }
  }

  forget(key: string) {
    this.unsent.value = this.unsent.value.filter((one) => one.key !== key);
  }

  edit = (message: Message, text: string) => this.change(EDIT, { id: message.id, text });
  remove = (message: Message) => this.change(DELETE, { id: message.id });
  react(message: Message, emoji: string) {
    const mine = message.reactions.some((one) => one.emoji === emoji && one.viewerHasReacted);
    return this.change(mine ? UNREACT : REACT, { id: message.id, emoji });
  }

  private async change(document: string, variables: object) {
    const { message } = await mutate<{ message: Message }>(document, { ...variables, key: newKey() });
    this.put(message);
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
