/** The open conversation: what was said, by whom, who reads and who types. */

import { Fragment } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Composer } from "./composer";
import { conversation, keep, titleOf } from "./inbox";
import { MessageView } from "./message";
import { Avatar, dayOf, names } from "./parts";
import { forget, tryAgain, type Unsent } from "./outbox";
import type { Room } from "./room";
import type { Message, Quote } from "./types";

const NEAR = 80; // pixels from the end at which one still reads along

export function Channel({ room }: { room: Room }) {
  const [replyTo, setReplyTo] = useState<Quote | null>(null);
  const [membersShown, showMembers] = useState(false);
  const [toolsShown, showTools] = useState(false);
  const summary = conversation(room.id);
  return (
    <>
      <main class="channel">
        <header>
          <a class="back quiet" href="#" aria-label="Back to the inbox">
            ‹
          </a>
          <h1>{summary === undefined ? "…" : titleOf(summary)}</h1>
          {summary !== undefined && (
            <button
              class="tools-button quiet"
              aria-label="More"
              aria-expanded={toolsShown}
              onClick={() => showTools(!toolsShown)}
            >
              ⋯
            </button>
          )}
          {summary !== undefined && (
            <div
              class={toolsShown ? "tools tools-shown" : "tools"}
              role="group"
              aria-label="This conversation"
              onClick={() => showTools(false)}
            >
              <Toggle
                name="Pin"
                on={summary.isPinned}
                set={(on) => keep(room.id, { isPinned: on })}
              />
              <Toggle name="Mute" on={summary.isMuted} set={(on) => keep(room.id, { isMuted: on })} />
              <Toggle
                name="Archive"
                on={summary.isArchived}
                set={(on) => keep(room.id, { isArchived: on })}
              />
              <Toggle name="Members" on={membersShown} set={showMembers} />
            </div>
          )}
        </header>
        <Pinned room={room} />
        <Messages room={room} reply={setReplyTo} />
        <p class="typing" aria-live="off">
          {room.typing.value.length > 0 &&
            `${names(room.typing.value)} ${room.typing.value.length === 1 ? "is" : "are"} typing …`}
        </p>
        <Composer room={room} replyTo={replyTo} setReplyTo={setReplyTo} />
        <p class="sr" role="log" aria-live="polite">
          {room.said.value}
        </p>
      </main>
      {membersShown && <Members room={room} />}
    </>
  );
}

function Toggle({ name, on, set }: { name: string; on: boolean; set: (on: boolean) => unknown }) {
  return (
    <button class="quiet" aria-pressed={on} onClick={() => set(!on)}>
      {name}
    </button>
  );
}

function Pinned({ room }: { room: Room }) {
  const [first] = room.pinned.value;
  if (first === undefined) return null;
  return (
    <p class="pinned">
      <span aria-hidden="true">📌</span>
      <span class="sr">Pinned: </span>
      <strong>{first.sender?.name}</strong> {first.text}
      {room.pinned.value.length > 1 && <em> and {room.pinned.value.length - 1} more</em>}
    </p>
  );
}

function Messages({ room, reply }: { room: Room; reply: (to: Quote) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const before = useRef({ height: 0, first: 0 });
  const list = room.list.value;
  const unsent = room.unsent.value;
  const newest = list.at(-1)?.number ?? 0;

  useLayoutEffect(() => {
    const element = box.current!;
    const first = list[0]?.number ?? 0;
    if (atEnd.current) element.scrollTop = element.scrollHeight;
    // What came above must not push away what one reads.
    else if (first < before.current.first)
      element.scrollTop += element.scrollHeight - before.current.height;
    before.current = { height: element.scrollHeight, first };
  });

  useEffect(() => {
    const read = () => {
      if (room.isLoaded.value && atEnd.current && document.visibilityState === "visible")
        void room.markRead();
    };
    read();
    document.addEventListener("visibilitychange", read);
    return () => document.removeEventListener("visibilitychange", read);
  }, [room, newest, room.isLoaded.value]);

  const loading = useRef(false);
  const scrolled = async () => {
    const element = box.current!;
    atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
    if (element.scrollTop < NEAR && room.hasOlder.value && !loading.current) {
      loading.current = true;
      await room.loadOlder().catch(() => {});
      loading.current = false;
    }
  };

  return (
    <div class="messages" ref={box} onScroll={scrolled} tabIndex={0} role="region" aria-label="Messages">
      {room.isLoaded.value && list.length === 0 && unsent.length === 0 && (
        <p class="empty">Nothing was said here yet. Say hello.</p>
      )}
      <ol>
        {list.map((message, place) => (
          <Fragment key={message.number}>
            {startsDay(message, list[place - 1]) && (
              <li class="day">
                <span>{dayOf(message.createdAt)}</span>
              </li>
            )}
            <MessageView
              message={message}
              room={room}
              goesOn={goesOn(message, list[place - 1])}
              readers={room.readers.value.get(message.number) ?? []}
              reply={reply}
            />
          </Fragment>
        ))}
        {unsent.map((one) => (
          <UnsentView key={one.key} one={one} />
        ))}
      </ol>
    </div>
  );
}

const startsDay = (one: Message, before: Message | undefined) =>
  before === undefined || dayOf(before.createdAt) !== dayOf(one.createdAt);

/** Whether a message follows another of the same person's so closely that the name need not be told. */
const goesOn = (one: Message, before: Message | undefined) =>
  before !== undefined &&
  before.sender?.id === one.sender?.id &&
  one.replyTo === null &&
  !startsDay(one, before) &&
  Date.parse(one.createdAt) - Date.parse(before.createdAt) < 5 * 60_000;

function UnsentView({ one }: { one: Unsent }) {
  return (
    <li class="message mine unsent">
      <div class="bubble">
        <p class="text">{one.text}</p>
      </div>
      <p class="meta" role={one.failure === null ? undefined : "alert"}>
        {one.failure ?? "Sending …"}
        {one.failure !== null && (
          <>
            <button class="link" onClick={() => tryAgain(one.key)}>
              Try again
            </button>
            <button class="link" onClick={() => forget(one.key)}>
              Discard
            </button>
          </>
        )}
      </p>
    </li>
  );
}

function Members({ room }: { room: Room }) {
  const isOnline = (id: string) => room.onlineIds.value.has(id);
  const sorted = [...room.members.value].sort(
    (a, b) => Number(isOnline(b.id)) - Number(isOnline(a.id)) || a.name.localeCompare(b.name),
  );
  return (
    <aside class="members" aria-label="Members">
      <h2>Members</h2>
      <ul>
        {sorted.map((person) => (
          <li key={person.id}>
            <Avatar person={person} isOnline={isOnline(person.id)} />
            {person.name}
          </li>
        ))}
      </ul>
    </aside>
  );
}
