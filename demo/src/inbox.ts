/** The inbox: one's conversations, the pinned first and then the last active, kept live. */

import { computed, signal } from "@preact/signals";
import { follow, mutate, newKey, query, session } from "./client";
import { INBOX, INBOX_EVENTS, SETTINGS, START_DIRECT } from "./documents";
import { complain } from "./notice";
import type { Nodes, Summary } from "./types";

const conversations = signal<ReadonlyMap<string, Summary>>(new Map());

export const archivedShown = signal(false);
export const loaded = signal(false);

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

export function titleOf(one: Summary): string {
  if (one.group !== null) return one.group.name;
  if (one.title !== null) return one.title;
  const others = (one.participants?.nodes ?? []).filter((p) => p.id !== session.value?.viewer.id);
  return others.map((person) => person.name).join(", ") || "Notes to myself";
}

export function put(one: Summary) {
  conversations.value = new Map(conversations.value).set(one.id, one);
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

/** Load the inbox and keep it live until what is returned is called. */
export function openInbox(): () => void {
  let after: string | null = null;
  const load = async () => {
    const pages = await Promise.all(
      [false, true].map((archived) =>
        query<{ conversations: Nodes<Summary> | null }>(INBOX, { archived }),
      ),
    );
    const rows = pages.flatMap((page) => page.conversations?.nodes ?? []);
    conversations.value = new Map(rows.map((one) => [one.id, one]));
    loaded.value = true;
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
      if (after === null) void load().catch(() => {});
    },
  });
  void load().catch(() => {});
  return () => {
    stop();
    conversations.value = new Map();
    loaded.value = false;
  };
}

export async function keep(id: string, input: { isArchived?: boolean; isMuted?: boolean; isPinned?: boolean }) {
  try {
    const given = { ...input, clientKey: newKey() };
    put((await mutate<{ conversation: Summary }>(SETTINGS, { id, input: given })).conversation);
  } catch (error) {
    complain(error);
  }
}

export async function talkTo(user: string): Promise<string> {
  const payload = await mutate<{ conversation: Summary }>(START_DIRECT, { user, key: newKey() });
  put(payload.conversation);
  return payload.conversation.id;
}
