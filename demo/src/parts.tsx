/** Small things that several views show. */

import type { Person } from "./types";

const HUES = 12;

/** A person's initials on one of a dozen colours, the same each time. */
export function Avatar({ person, isOnline }: { person: Person; isOnline?: boolean }) {
  const hue = [...person.id].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 9973, 7) % HUES;
  const initials = person.name
    .split(/\s+/)
    .map((word) => word[0] ?? "")
    .slice(0, 2)
    .join("")
    .toUpperCase();
  return (
    <span class={`avatar hue-${hue}`} aria-hidden={!isOnline}>
      <span aria-hidden="true">{initials}</span>
      {isOnline && <span class="dot" role="img" aria-label="online" />}
    </span>
  );
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

/** The time of day, or the date of another day. */
export function time(iso: string): string {
  const at = new Date(iso);
  return at.toDateString() === new Date().toDateString() ? clock.format(at) : date.format(at);
}

export const timeOfDay = (iso: string) => clock.format(new Date(iso));

export function dayOf(iso: string): string {
  const at = new Date(iso);
  return at.toDateString() === new Date().toDateString() ? "Today" : day.format(at);
}

export function names(people: readonly Person[]): string {
  const first = people.slice(0, 3).map((person) => person.name);
  const more = people.length - first.length;
  return more > 0 ? `${first.join(", ")} and ${more} more` : first.join(", ");
}
