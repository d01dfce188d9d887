/** A message for later: when, and what waits here already. */

import { useEffect, useState } from "preact/hooks";
import { mutate, newKey, query } from "./client";
import { Dialog } from "./dialog";
import { SCHEDULE, SCHEDULED, UNSCHEDULE } from "./documents";
import { complain } from "./notice";
import { dayOf, timeOfDay } from "./parts";
import type { Room } from "./room";
import type { Later, Nodes, Quote } from "./types";

interface Given {
  room: Room;
  text: string;
  replyTo: Quote | null;
  done: () => void;
  close: () => void;
}

export function SendLater({ room, text, replyTo, done, close }: Given) {
  const [at, setAt] = useState(() => local(new Date(Date.now() + 3_600_000)));
  const [key] = useState(newKey);
  const [waiting, setWaiting] = useState<Later[]>([]);
  const [failure, setFailure] = useState("");
  useEffect(() => {
    type Waiting = { viewer: { scheduledMessages: Nodes<Later> | null } };
    query<Waiting>(SCHEDULED).then(({ viewer }) => {
      const here = (one: Later) => one.conversation?.id === room.id;
      const isOpen = (one: Later) => one.state === "WAITING" || one.state === "FAILED";
      setWaiting((viewer.scheduledMessages?.nodes ?? []).filter((one) => here(one) && isOpen(one)));
    }, complain);
  }, []);

  const schedule = async (event: Event) => {
    event.preventDefault();
    event.stopPropagation();
    const input = { text, sendAt: new Date(at).toISOString(), replyToId: replyTo?.id ?? null, clientKey: key };
    try {
      await mutate(SCHEDULE, { id: room.id, input });
      done();
      close();
    } catch (error) {
      setFailure((error as Error).message);
    }
  };
  const cancel = async (one: Later) => {
    try {
      await mutate(UNSCHEDULE, { id: one.id, key: newKey() });
      setWaiting(waiting.filter((other) => other.id !== one.id));
    } catch (error) {
      setFailure((error as Error).message);
    }
  };

  return (
    <Dialog title="Send later" close={close}>
      {text === "" ? (
        <p class="hint">Write a message first, and then choose its time here.</p>
      ) : (
        <div class="when">
          <p class="text">{text}</p>
          <label>
            When
            <input
              type="datetime-local"
              required
              value={at}
              min={local(new Date())}
              onInput={(event) => setAt(event.currentTarget.value)}
            />
          </label>
          <button type="button" class="primary" disabled={at === ""} onClick={schedule}>
            Schedule
          </button>
        </div>
      )}
      <p class="failure" role="alert">
        {failure}
      </p>
      {waiting.length > 0 && (
        <>
          <h3>Waiting here</h3>
          <ul class="waiting">
            {waiting.map((one) => (
              <li key={one.id}>
                <span>
                  <time dateTime={one.sendAt}>
                    {dayOf(one.sendAt)}, {timeOfDay(one.sendAt)}
                  </time>
                  {one.state === "FAILED" && <em> could not be sent</em>}
                  <span class="text">{one.text}</span>
                </span>
                <button type="button" class="link" onClick={() => cancel(one)}>
                  Cancel
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </Dialog>
  );
}

/** As the field for dates and times wants it: in the time of here, to the minute. */
const local = (time: Date) =>
  new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
