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

const ICONS = {
  clip: "m20 11.5-8.2 8.2a5 5 0 0 1-7.1-7.1l8.6-8.6a3.4 3.4 0 0 1 4.8 4.8l-8.4 8.4a1.7 1.7 0 0 1-2.4-2.4l7.6-7.6",
  clock: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM12 7v5l3.5 2",
  file: "M6 3.5h8l4.5 4.5v12.5H6ZM14 3.5V8h4.5",
  muted: "M6 17h12l-1.5-2.5V10a4.5 4.5 0 0 0-9 0v4.5ZM10.5 20h3M4 4l16 16",
  pin: "M9 3.5h6l-1 6 3 3.5H7l3-3.5ZM12 13v7.5",
};

/** A small drawing, which says nothing by itself. */
export const Icon = ({ name }: { name: keyof typeof ICONS }) => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
    <path d={ICONS[name]} />
  </svg>
);

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
