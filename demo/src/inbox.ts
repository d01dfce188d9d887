/** The inbox: one's conversations, the pinned first and then the last active, kept live. */

import { computed, effect, signal } from "@preact/signals";
import { follow, mutate, newKey, query, session } from "./client";
import { ABOUT, INBOX, INBOX_EVENTS, JOIN, PRESENCE, SETTINGS, START } from "./documents";
import { complain } from "./notice";
import type { Page, Person, Summary } from "./types";

const conversations = signal<ReadonlyMap<string, Summary>>(new Map());

export const archivedShown = signal(false);

/** Where the two lists, the archived and the other, go on; null where there is no more. */
type Next = { after: string | null } | null;
const next = signal<Readonly<Record<string, Next>>>({});
export const hasMore = computed(() => next.value[String(archivedShown.value)] !== null);
export const loaded = computed(() => next.value[String(archivedShown.value)] !== undefined);

export const inbox = computed(() =>
  [...conversations.value.values()]
    .filter((one) => one.isArchived === archivedShown.value)
    .sort(
      (a, b) =>
        Number(b.isPinned) - Number(a.isPinned) || b.lastActivityAt.localeCompare(a.lastActivityAt),
    ),
);

export const unreadTotal = computed(() =>
  [...conversations.value.values()]
    .filter((one) => !one.isMuted && !one.isArchived)
    .reduce((sum, one) => sum + one.unreadCount, 0),
);

export const conversation = (id: string) => conversations.value.get(id);

const othersOf = (one: Summary) =>
  (one.participants?.nodes ?? []).filter((person) => person.id !== session.value?.viewer.id);

export function titleOf(one: Summary): string {
  if (one.group !== null) return one.group.name;
  if (one.title !== null) return one.title;
  return othersOf(one).map((person) => person.name).join(", ") || "Notes to myself";
}

export function put(...some: Summary[]) {
  const all = new Map(conversations.value);
  for (const one of some) all.set(one.id, one);
  conversations.value = all;
}

export function patch(id: string, change: Partial<Summary>) {
  const one = conversations.value.get(id);
  if (one !== undefined) put({ ...one, ...change });
}

function drop(id: string) {
  const left = new Map(conversations.value);
  left.delete(id);
  conversations.value = left;
}

interface InboxEvent {
  cursor: string;
  conversationId: string;
  conversation: Summary | null;
}

/** Load one more page of the list that is shown. */
export async function loadMore() {
  const archived = archivedShown.value;
  const from = next.value[String(archived)];
  if (from === null) return;
  const page = await query<{ conversations: Page<Summary> | null }>(INBOX, { archived, after: from?.after ?? null });
  if (page.conversations === null) return;
  const { nodes, pageInfo } = page.conversations;
  put(...nodes);
  next.value = { ...next.value, [String(archived)]: pageInfo.hasNextPage ? { after: pageInfo.endCursor } : null };
}

/** Load a conversation that may be further down than what is loaded. */
export async function loadOne(id: string) {
  if (conversations.value.has(id)) return;
  const { conversation } = await query<{ conversation: Summary | null }>(ABOUT, { id });
  if (conversation !== null) put(conversation);
}

/** Load the inbox and keep it live until what is returned is called. */
export function openInbox(): () => void {
  let after: string | null = null;
  const load = async () => {
    next.value = {};
    await loadMore().catch(() => {});
  };
  const stop = follow<InboxEvent>(INBOX_EVENTS, {
    variables: () => ({ after }),
    hear: (event) => {
      after = event.cursor;
      if (event.conversation === null) drop(event.conversationId);
      else put(event.conversation);
    },
    // Without a cursor the stream begins anew, and what was missed is in the list.
    again: () => {
      if (after === null) void load();
    },
  });
  const unfollow = effect(followPeople);
  void load();
  return () => {
    stop();
    unfollow();
    conversations.value = new Map();
    next.value = {};
  };
}

// -- who is there

const MOST = 100; // people whom one stream follows

const onlineIds = signal<ReadonlySet<string>>(new Set());
const contacts = computed(() =>
  inbox.value
    .filter((one) => one.kind === "DIRECT")
    .flatMap((one) => othersOf(one).map((person) => person.id))
    .slice(0, MOST)
    .sort()
    .join(),
);

/** Whether somebody of a direct conversation is there now; of others, whether they were when they were loaded. */
export const isOnline = (person: Person) =>
  contacts.value.includes(person.id) ? onlineIds.value.has(person.id) : (person.isOnline ?? false);

function followPeople() {
  if (contacts.value === "") return;
  const ids = contacts.value.split(",");
  type Change = { online: { id: string }[] | null; offline: { id: string }[] | null };
  return follow<Change>(PRESENCE, {
    variables: () => ({ ids }),
    hear: ({ online, offline }) => {
      const gone = new Set((offline ?? []).map((person) => person.id));
      const still = [...onlineIds.peek()].filter((id) => !gone.has(id));
      onlineIds.value = new Set([...still, ...(online ?? []).map((person) => person.id)]);
    },
  });
}

// -- doing

export async function keep(id: string, input: { isArchived?: boolean; isMuted?: boolean; isPinned?: boolean }) {
  try {
    const given = { ...input, clientKey: newKey() };
    put((await mutate<{ conversation: Summary }>(SETTINGS, { id, input: given })).conversation);
  } catch (error) {
    complain(error);
  }
}

export async function talkTo({ id, role }: Person): Promise<string> {
  const given = { user: id, kind: role === "SERVICE" ? "ASSISTANT" : "DIRECT", key: newKey() };
  const { conversation } = await mutate<{ conversation: Summary }>(START, given);
  put(conversation);
  return conversation.id;
}

/** Join a group; the id of its conversation. */
export async function join(id: string): Promise<string> {
  type Joined = { group: { conversation: Summary | null } };
  const { conversation } = (await mutate<Joined>(JOIN, { id, key: newKey() })).group;
  if (conversation === null) throw new Error("You have joined; the conversation cannot be shown now.");
  put(conversation);
  return conversation.id;
}
