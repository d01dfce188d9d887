/** A thread beside its conversation: the message that began it, and the replies. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Composer } from "./composer";
import { MessageView } from "./message";
import { goesOn, UnsentView } from "./messages";
import type { Room } from "./room";

export function Thread({ room, close }: { room: Room; close: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  const root = room.root.value;
  const replies = room.replies.value;
  const unsent = room.unsent.value.filter((one) => one.replyTo?.id === root?.id);
  const last = replies.at(-1)?.number ?? 0;
  useLayoutEffect(() => {
    box.current!.scrollTop = box.current!.scrollHeight;
  }, [last, unsent.length]);
  // Taken while this is first drawn: the composer below takes the focus.
  const [opener] = useState(() => document.activeElement as HTMLElement | null);
  useEffect(() => () => (opener?.isConnected ? opener : writer())?.focus(), []);
  return (
    <aside
      class="panel thread"
      aria-label="Thread"
      onKeyDown={(event) => event.key === "Escape" && !event.defaultPrevented && close()}
    >
      <header>
        <h2>Thread</h2>
        <button class="quiet" aria-label="Close the thread" onClick={close}>
          ×
        </button>
      </header>
      <div class="messages" ref={box} tabIndex={0} role="region" aria-label="Replies">
        <ol>
          {root !== undefined && (
            <MessageView message={root} room={room} goesOn={false} readers={[]} inThread />
          )}
          <li class="day">
            {room.hasOlderReplies.value ? (
              <button class="link" onClick={() => room.loadReplies()}>
                Earlier replies
              </button>
            ) : (
              <span>{replies.length === 0 ? "No replies yet" : "Replies"}</span>
            )}
          </li>
          {replies.map((message, place) => (
            <MessageView
              key={message.number}
              message={message}
              room={room}
              goesOn={goesOn({ ...message, replyTo: null }, replies[place - 1])}
              readers={[]}
             
              inThread
            />
          ))}
          {unsent.map((one) => (
            <UnsentView key={one.key} one={one} />
          ))}
        </ol>
      </div>
      {root !== undefined && <Composer key={root.id} room={room} threadOf={root} />}
    </aside>
  );
}

const writer = () => document.querySelector<HTMLElement>(".channel .composer textarea");
