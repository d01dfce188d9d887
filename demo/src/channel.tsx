/** The open conversation: what is said, in threads and in all, and who takes part. */

import { useState } from "preact/hooks";
import { Composer } from "./composer";
import { isOnline, keep, titleOf, conversation } from "./inbox";
import { Messages } from "./messages";
import { Avatar, Icon, names } from "./parts";
import { isMe, type Room } from "./room";
import { Thread } from "./thread";
import type { Quote, Summary } from "./types";

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
          <div class="heading">
            <h1>{summary === undefined ? "…" : titleOf(summary)}</h1>
            {summary !== undefined && <p>{aboutOf(summary, room)}</p>}
          </div>
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
              <Toggle name="Keep on top" on={summary.isPinned} set={(on) => keep(room.id, { isPinned: on })} />
              <Toggle name="Mute" on={summary.isMuted} set={(on) => keep(room.id, { isMuted: on })} />
              <Toggle name="Archive" on={summary.isArchived} set={(on) => keep(room.id, { isArchived: on })} />
              <Toggle
                name="Members"
                on={membersShown}
                set={(on) => {
                  room.thread.value = null;
                  showMembers(on);
                }}
              />
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
      {room.thread.value !== null ? (
        <Thread key={room.thread.value.id} room={room} close={() => (room.thread.value = null)} />
      ) : (
        membersShown && <Members room={room} close={() => showMembers(false)} />
      )}
    </>
  );
}

function aboutOf(one: Summary, room: Room) {
  if (one.kind === "GROUP") {
    const here = room.onlineIds.value.size;
    const members = room.members.value.length;
    return `${members}${members === 100 ? "+" : ""} members, ${here} online`;
  }
  return (one.participants?.nodes ?? []).some((person) => !isMe(person) && isOnline(person)) ? "Online" : "Away";
}

function Toggle({ name, on, set }: { name: string; on: boolean; set: (on: boolean) => unknown }) {
  return (
    <button class="quiet" aria-pressed={on} onClick={() => set(!on)}>
      {name}
    </button>
  );
}

function Pinned({ room }: { room: Room }) {
  const pinned = room.pinned.value;
  if (pinned.length === 0) return null;
  return (
    <details class="pinned">
      <summary>
        <Icon name="pin" /> {pinned.length === 1 ? "1 pinned message" : `${pinned.length} pinned messages`}
      </summary>
      <ul>
        {pinned.map((one) => (
          <li key={one.id}>
            <button onClick={() => room.reach(one.number)}>
              <strong>{one.sender?.name}</strong> {one.text ?? "a file"}
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}

function Members({ room, close }: { room: Room; close: () => void }) {
  const isHere = (id: string) => room.onlineIds.value.has(id);
  const sorted = [...room.members.value].sort(
    (a, b) => Number(isHere(b.id)) - Number(isHere(a.id)) || a.name.localeCompare(b.name),
  );
  return (
    <aside class="panel members" aria-label="Members">
      <header>
        <h2>Members</h2>
        <button class="quiet" aria-label="Close the members" onClick={close}>
          ×
        </button>
      </header>
      <ul>
        {sorted.map((person) => (
          <li key={person.id}>
            <Avatar person={person} isOnline={isHere(person.id)} />
            {person.name}
          </li>
        ))}
      </ul>
    </aside>
  );
}
