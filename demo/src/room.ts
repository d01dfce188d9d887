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
  TYPING,
  UNREACT,
} from "./documents";
import { patch } from "./inbox";
import { complain } from "./notice";
import { send, shown, unsentIn } from "./outbox";
import type { Message, Nodes, Person, Quote, RoomEvent } from "./types";

const PAGE = 40;
const TYPING_EVERY = 3_000;

export class Room {
  readonly messages = signal<ReadonlyMap<number, Message>>(new Map());
  readonly unsent = computed(() => unsentIn(this.id));
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
  private closed = false;

  constructor(readonly id: string) {}

  /**
   * Load the newest messages and follow what happens.
   *
   * @param over Told when one does not take part any more.
   */
  async open(over: () => void) {
    await this.load();
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
          this.onlineIds.value = new Set((online ?? []).map((person) => person.id));
          this.typing.value = (typing ?? []).filter((person) => !isMe(person));
        },
      }),
    ];
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
        // What was told while the answer was under way is newer than it, and stays.
        const last = nodes.at(-1)?.number ?? 0;
        this.messages.value = new Map([...this.messages.value].filter(([number]) => number > last));
        this.after ??= pageInfo.endCursor;
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
        void this.load().catch(complain);
    }
  }

  // -- doing

  send(text: string, replyTo: Quote | null, mentionIds: string[]) {
    this.typedAt = 0;
    send({ conversationId: this.id, text, replyTo, mentionIds });
  }

  edit = (message: Message, text: string) => this.change(EDIT, { id: message.id, text });
  remove = (message: Message) => this.change(DELETE, { id: message.id }).catch(complain);
  react(message: Message, emoji: string) {
    const mine = message.reactions.some((one) => one.emoji === emoji && one.viewerHasReacted);
    return this.change(mine ? UNREACT : REACT, { id: message.id, emoji }).catch(complain);
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
