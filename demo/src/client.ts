/** The API: urql for what is asked once, graphql-ws for what is live, and who is signed in. */

import { signal } from "@preact/signals";
import { Client, fetchExchange } from "@urql/core";
import { createClient } from "graphql-ws";
import { CODE_REQUEST, CODE_VERIFY, TOKEN_REFRESH } from "./documents";
import type { Payload, Person } from "./types";

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

export function signOut() {
  keep(null);
  void sockets.dispose();
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
async function renew(): Promise<void> {
  const now = session.value;
  if (now === null || now.expiresAt - Date.now() > EARLY) return;
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
    connected: () => (online.value = true),
    closed: (event) => {
      // Forbidden: an ended session is told so, and signs out.
      if ((event as CloseEvent).code === 4403) void query("{ viewer { id } }").catch(() => {});
    },
  },
});

/**
 * Follow a stream until it is stopped, through every loss of the connection.
 *
 * @param variables What to ask with, anew at each start: with the last cursor.
 * @param hear Given the subscription's field of each event.
 * @param began Called at each start after the first.
 * @returns What stops it.
 */
export function follow<T>(
  document: string,
  variables: () => Record<string, unknown>,
  hear: (event: T) => void,
  began?: () => void,
): () => void {
  let stopped = false;
  let leave = () => {};
  let wait = 250;

  const run = () =>
    new Promise<boolean>((resolve) => {
      leave = sockets.subscribe<Record<string, T>>(
        { query: document, variables: variables() },
        {
          next: ({ data }) => {
            wait = 250;
            if (data) hear(Object.values(data)[0]!);
          },
          // A list: the operation was refused. Anything else: the socket was lost.
          error: (error) => resolve(!Array.isArray(error)),
          complete: () => resolve(false),
        },
      );
    });

  void (async () => {
    for (let first = true; !stopped && session.value !== null; first = false) {
      if (!first) began?.();
      const lost = await run();
      if (stopped || !lost) return;
      online.value = false;
      await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random())));
      wait = Math.min(wait * 2, 8_000);
    }
  })();
  return () => {
    stopped = true;
    leave();
  };
}
