/** What is written and not acknowledged yet: it outlives another conversation, a loss of the network and a reload. */

import { effect, signal } from "@preact/signals";
import { mutate, newKey, online, Refused, session } from "./client";
import { SEND } from "./documents";
import type { Message, Quote } from "./types";
import type { Sent } from "./uploads";

const KEPT = "isthmus-unsent";
const AGAIN = 2_000; // ms until the next try where none is to be expected before

/** Its key makes every try the same message. */
export interface Unsent {
  key: string;
  conversationId: string;
  text: string;
  replyTo: Quote | null;
  mentionIds: string[];
  mentionEveryone: boolean;
  files: Sent[];
  failure: string | null;
}

const unsent = signal<readonly Unsent[]>(JSON.parse(sessionStorage.getItem(KEPT) ?? "[]") as Unsent[]);

effect(() => {
  // Nobody sends what somebody else wrote.
  if (session.value === null) unsent.value = [];
  if (unsent.value.length === 0) sessionStorage.removeItem(KEPT);
  else sessionStorage.setItem(KEPT, JSON.stringify(unsent.value));
});

/** Who shows the messages of a conversation as they are acknowledged. */
export const shown = new Map<string, (message: Message) => void>();

export const unsentIn = (conversationId: string) =>
  unsent.value.filter((one) => one.conversationId === conversationId);

export function send(one: Omit<Unsent, "key" | "failure">) {
  unsent.value = [...unsent.value, { ...one, key: newKey(), failure: null }];
  void flush();
}

export function forget(key: string) {
  unsent.value = unsent.value.filter((one) => one.key !== key);
}

export function tryAgain(key: string) {
  fail(key, null);
  void flush();
}

function fail(key: string, failure: string | null) {
  unsent.value = unsent.value.map((one) => (one.key === key ? { ...one, failure } : one));
}

const next = () => unsent.value.find((one) => one.failure === null);
let sending = false;

/** Send what waits, one after the other, so that it stays in order. */
async function flush() {
  if (sending) return;
  sending = true;
  try {
    for (let one = next(); one !== undefined; one = next()) await sendOne(one);
  } catch {
    setTimeout(() => void flush(), AGAIN);
  } finally {
    sending = false;
  }
}

async function sendOne({ key, conversationId, text, replyTo, files, ...whom }: Unsent) {
  const input = {
    clientKey: key,
    text: text || null,
    replyToId: replyTo?.id ?? null,
    mentionIds: whom.mentionIds,
    mentionEveryone: whom.mentionEveryone,
    attachmentIds: files.map((file) => file.id),
    ...(files.length > 0 && { metadata: { files: files.map(({ id, ...shape }) => shape) } }),
  };
  try {
    const { message } = await mutate<{ message: Message }>(SEND, { id: conversationId, input });
    shown.get(conversationId)?.(message);
    forget(key);
  } catch (error) {
    if (!(error instanceof Refused) || ["UNREACHABLE", "UNAVAILABLE"].includes(error.code)) throw error;
    fail(key, error.message);
  }
}

effect(() => {
  if (online.value && session.value !== null) void flush();
});
