/** The API: urql for what is asked once, graphql-ws for what is live, and who is signed in. */

import { signal } from "@preact/signals";
import { Client, fetchExchange } from "@urql/core";
import { createClient } from "graphql-ws";
import { CODE_REQUEST, CODE_VERIFY, SESSIONS, SIGN_OUT, TOKEN_REFRESH } from "./documents";
import type { Nodes, Payload, Person } from "./types";

interface Session {
  viewer: Person;
  accessToken: string;
  expiresAt: number;
  refreshToken: string;
}

const KEPT = "isthmus-session";
const EARLY = 60_000; // ms before its end at which a token is renewed

/** Who is signed in; a reload of the tab keeps it, another tab signs in for itself. */
export const session = signal<Session | null>(restore());

/** Whether the server can be reached. */
export const online = signal(true);

export const newKey = () => crypto.randomUUID();

function restore(): Session | null {
  const kept = sessionStorage.getItem(KEPT);
  return kept === null ? null : (JSON.parse(kept) as Session);
}

function keep(next: Session | null) {
  if (next === null) sessionStorage.removeItem(KEPT);
  else sessionStorage.setItem(KEPT, JSON.stringify(next));
  session.value = next;
}

/** Forget the session here; the open sockets go with it. */
function signOut() {
  keep(null);
  sockets.terminate();
}

/** End the session everywhere, as far as the server can be reached, and forget it. */
export async function endSession() {
  try {
    const { viewer } = await query<{ viewer: { sessions: Nodes<{ id: string; isCurrent: boolean }> } }>(SESSIONS);
    const current = viewer.sessions.nodes.find((one) => one.isCurrent);
    if (current !== undefined) await mutate(SIGN_OUT, { id: current.id, key: newKey() });
  } catch {
    // It ends by itself: nobody has its tokens any more.
  }
  signOut();
}

/** An error that a person reads: of the payload, of the answer, or that there was none. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }
}

const unreachable = () => new Refused("The server cannot be reached.", "UNREACHABLE");

const urql = new Client({
  url: "/graphql",
  exchanges: [fetchExchange],
  preferGetMethod: false,
  requestPolicy: "network-only",
  fetchOptions: () => {
    const token = session.value?.accessToken;
    return token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } };
  },
});

async function ask<T>(document: string, variables: object): Promise<T> {
  const answer = await urql.query<T>(document, variables).toPromise();
  if (answer.error?.networkError && answer.error.response === undefined) throw unreachable();
  const [error] = answer.error?.graphQLErrors ?? [];
  if (error !== undefined) {
    const code = String(error.extensions["code"] ?? "INTERNAL");
    if (code === "SESSION_REVOKED" || code === "UNAUTHENTICATED") signOut();
    throw new Refused(error.message, code);
  }
  if (answer.error || answer.data === undefined) throw unreachable();
  return answer.data;
}

/** The data of a query. */
export async function query<T>(document: string, variables: object = {}): Promise<T> {
  await renew();
  return ask<T>(document, variables);
}

/** The payload of a mutation's one field; its first error is thrown. */
export async function mutate<T>(document: string, variables: object): Promise<T & Payload> {
  const data = await query<Record<string, T & Payload>>(document, variables);
  return done(data);
}

function done<T>(data: Record<string, T & Payload>): T & Payload {
  const payload = Object.values(data)[0]!;
  const [error] = payload.errors;
  if (error !== undefined) throw new Refused(error.message, error.code);
  return payload;
}

// -- signing in

type Action = "LOGIN" | "REGISTER";
interface SignedIn {
  viewer: Person;
  token: { accessToken: string; accessTokenExpiresAt: string; refreshToken: string };
}

export async function requestCode(email: string, action: Action): Promise<number> {
  const variables = { email, action, key: newKey() };
  const data = await ask<Record<string, Payload & { code: { digits: number } }>>(CODE_REQUEST, variables);
  return done(data).code.digits;
}

export async function verifyCode(email: string, action: Action, code: string, name: string | null) {
  const variables = { email, action, code, name, key: newKey() };
  signedIn(done(await ask<Record<string, Payload & SignedIn>>(CODE_VERIFY, variables)));
}

function signedIn({ viewer, token }: SignedIn) {
  keep({
    viewer,
    accessToken: token.accessToken,
    expiresAt: Date.parse(token.accessTokenExpiresAt),
    refreshToken: token.refreshToken,
  });
}

let renewing: Promise<void> | null = null;

/** See to it that the access token holds for a while; one renewal at a time. */
async function renew(atOnce = false): Promise<void> {
  const now = session.value;
  if (now === null || (!atOnce && now.expiresAt - Date.now() > EARLY)) return;
  renewing ??= (async () => {
    try {
      const variables = { token: now.refreshToken, key: newKey() };
      signedIn(done(await ask<Record<string, Payload & SignedIn>>(TOKEN_REFRESH, variables)));
    } catch (error) {
      if (error instanceof Refused && error.code !== "UNREACHABLE") signOut();
      throw error;
    } finally {
      renewing = null;
    }
  })();
  return renewing;
}

// -- live

const scheme = location.protocol === "https:" ? "wss" : "ws";
const PATIENCE = 5_000; // ms in which a ping is answered, or the connection counts as lost
let socket: WebSocket | null = null;
let unanswered: ReturnType<typeof setTimeout> | undefined;

const sockets = createClient({
  url: `${scheme}://${location.host}/graphql`,
  lazy: true,
  // Each stream resumes by itself, from its own cursor.
  retryAttempts: 0,
  keepAlive: 10_000,
  connectionParams: async () => {
    await renew();
    return { Authorization: `Bearer ${session.value?.accessToken ?? ""}` };
  },
  on: {
    connected: (opened) => {
      socket = opened as WebSocket;
      online.value = true;
    },
    ping: (received, payload) => {
      if (!received) unanswered = setTimeout(() => sockets.terminate(), PATIENCE);
      else if (payload?.["type"] === "TOKEN_EXPIRES") void renewOnSocket();
    },
    pong: (received) => {
      if (received) clearTimeout(unanswered);
    },
    closed: (event) => {
      socket = null;
      clearTimeout(unanswered);
      // Forbidden: an ended session is told so, and signs out.
      if ((event as CloseEvent).code === 4403) void query("{ viewer { id } }").catch(() => {});
    },
  },
});

addEventListener("offline", () => sockets.terminate());

/** Give an open socket another token before its own runs out, so that no stream is broken. */
async function renewOnSocket() {
  await renew(true).catch(() => {});
  const payload = { Authorization: `Bearer ${session.value?.accessToken ?? ""}` };
  socket?.send(JSON.stringify({ type: "ping", payload }));
}

interface Stream<T> {
  /** What to ask with, anew at each start: with the last cursor. */
  variables: () => Record<string, unknown>;
  hear: (event: T) => void;
  /** Told at each start after the first. */
  again?: () => void;
  /** Told that there is nothing to follow any more. */
  over?: () => void;
}

type End = "lost" | "refused" | "over";

/** Follow a stream through every loss of the connection, until what is returned is called. */
export function follow<T>(document: string, { variables, hear, again, over }: Stream<T>): () => void {
  let stopped = false;
  let leave = () => {};
  let wait = 250;

  const run = () =>
    new Promise<End>((resolve) => {
      leave = sockets.subscribe<Record<string, T>>(
        { query: document, variables: variables() },
        {
          next: ({ data }) => {
            wait = 250;
            if (data) hear(Object.values(data)[0]!);
          },
          // A list: the operation was refused. Anything else: the socket was lost.
          error: (error) => resolve(Array.isArray(error) ? refusal(error[0]) : "lost"),
          complete: () => resolve("over"),
        },
      );
    });

  void (async () => {
    for (let first = true; !stopped && session.value !== null; first = false) {
      if (!first) again?.();
      const end = await run();
      if (stopped) return;
      if (end === "over") return over?.();
      if (end === "lost" && session.value !== null) online.value = false;
      await pause(wait * (0.5 + Math.random()));
      wait = Math.min(wait * 2, 8_000);
    }
  })();
  return () => {
    stopped = true;
    leave();
  };
}

function refusal(error: { extensions?: Record<string, unknown> }): End {
  const code = error.extensions?.["code"];
  if (code === "SESSION_REVOKED") signOut();
  return code === "NOT_FOUND" || code === "FORBIDDEN" ? "over" : "refused";
}

/** Wait, but not longer than the network is away. */
const pause = (ms: number) =>
  new Promise<void>((resolve) => {
    const go = () => {
      clearTimeout(timer);
      removeEventListener("online", go);
      resolve();
    };
    const timer = setTimeout(go, ms);
    addEventListener("online", go);
  });
