/** A long list in parts, so that what comes changes one of them and the others stay as they are drawn. */

import type { Message, Person } from "./types";

const LENGTH = 50;

export type Readers = ReadonlyMap<number, readonly Person[]>;

/** Messages that are drawn together. One object for as long as nothing in it changes. */
export interface Part {
  key: number;
  messages: readonly Message[];
  /** The message before the first. */
  before: Message | undefined;
  readers: Readers;
}

/**
 * The list in parts; those of which nothing changed are the former's own.
 *
 * @param list By number.
 * @param readers Who has read up to which number.
 * @param former The parts as they were.
 */
export function partsOf(list: readonly Message[], readers: Readers, former: readonly Part[]): Part[] {
  const known = new Map(former.map((part) => [part.key, part]));
  const parts: Part[] = [];
  for (let start = 0; start < list.length; ) {
    const key = Math.floor(list[start]!.number / LENGTH);
    let end = start + 1;
    while (end < list.length && Math.floor(list[end]!.number / LENGTH) === key) end++;
    const part = {
      key,
      messages: list.slice(start, end),
      before: list[start - 1],
      readers: new Map([...readers].filter(([number]) => Math.floor(number / LENGTH) === key)),
    };
    const same = known.get(key);
    parts.push(same !== undefined && isSame(same, part) ? same : part);
    start = end;
  }
  return parts;
}

const isSame = (one: Part, other: Part) =>
  one.before === other.before &&
  one.messages.length === other.messages.length &&
  one.messages.every((message, place) => message === other.messages[place]) &&
  told(one.readers) === told(other.readers);

const told = (readers: Readers) =>
  [...readers].map(([number, people]) => `${number}:${people.map((person) => person.id).join()}`).join(";");
