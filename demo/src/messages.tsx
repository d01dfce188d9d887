/** What was said, the newest at the end: where one reads along it stays there, and elsewhere it stays in place. */

import { Component, Fragment } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { MessageView } from "./message";
import { forget, tryAgain, type Unsent } from "./outbox";
import { Avatar, dayOf } from "./parts";
import type { Room } from "./room";
import type { Part } from "./timeline";
import type { Answer, Message, Quote } from "./types";

const NEAR = 80; // pixels from the end at which one still reads along
const AHEAD = 600; // pixels from the start at which older messages are asked for
const DRAWN = 2; // parts at the end that are always drawn

type Reply = (to: Quote) => void;

export function Messages({ room, reply }: { room: Room; reply: Reply }) {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const top = useRef<{ element: Element; offset: number } | null>(null);
  const parts = room.parts.value;
  const unsent = room.unsent.value;
  const answers = room.answers.value;
  const newest = room.list.value.at(-1)?.number ?? 0;
  const wanted = room.wanted.value;

  const written = useRef(unsent.length);

  useLayoutEffect(() => {
    const element = box.current!;
    // Whoever says something looks where it is said.
    if (unsent.length > written.current) atEnd.current = true;
    written.current = unsent.length;
    if (atEnd.current) element.scrollTop = element.scrollHeight;
    // What came above must not push away what one reads.
    else if (top.current?.element.isConnected)
      element.scrollTop += top.current.element.getBoundingClientRect().top - top.current.offset;
  }, [parts, unsent, answers]);

  useEffect(() => {
    const message = wanted === null ? null : document.getElementById(`m${wanted}`);
    if (message === null) return;
    room.wanted.value = null;
    message.scrollIntoView({ block: "center" });
    // Now, and not with the next frame: what comes in between must not lead back to where one was.
    scrolled();
    message.classList.add("found-here");
    setTimeout(() => message.classList.remove("found-here"), 2_000);
  }, [wanted, parts]);

  useEffect(() => {
    const read = () => {
      if (room.isLoaded.value && atEnd.current && document.visibilityState === "visible")
        void room.markRead();
    };
    read();
    document.addEventListener("visibilitychange", read);
    return () => document.removeEventListener("visibilitychange", read);
  }, [room, newest, room.isLoaded.value]);

  const scrolled = () => {
    const element = box.current;
    if (element === null) return; // The last scroll of what was left is told afterwards.
    const wasAtEnd = atEnd.current;
    atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
    if (atEnd.current && !wasAtEnd) void room.markRead();
    const first = firstSeen(element);
    top.current = first && { element: first, offset: first.getBoundingClientRect().top };
    if (element.scrollTop < AHEAD) void room.loadOlder().catch(() => {});
  };

  return (
    <div class="messages" ref={box} onScroll={scrolled} tabIndex={0} role="region" aria-label="Messages">
      {room.isLoaded.value && parts.length === 0 && unsent.length === 0 && (
        <p class="empty">Nothing was said here yet. Say hello.</p>
      )}
      {parts.map((part, place) => (
        <PartView
          key={part.key}
          part={part}
          isFar={place < parts.length - DRAWN}
          room={room}
          reply={reply}
        />
      ))}
      {answers.length + unsent.length > 0 && (
        <ol>
          {answers.map(({ answer, text }) => (
            <AnswerView key={answer.id} answer={answer} text={text} room={room} />
          ))}
          {unsent.map((one) => (
            <UnsentView key={one.key} one={one} />
          ))}
        </ol>
      )}
    </div>
  );
}

/** The first message that is seen; between two there may be a gap. */
function firstSeen(box: Element): Element | null {
  const { left, width, top } = box.getBoundingClientRect();
  for (const down of [1, 20, 40]) {
    const found = document.elementFromPoint(left + width / 2, top + down)?.closest("li");
    if (found) return found;
  }
  return null;
}

class PartView extends Component<{ part: Part; isFar: boolean; room: Room; reply: Reply }> {
  override shouldComponentUpdate(next: { part: Part; isFar: boolean }) {
    return next.part !== this.props.part || next.isFar !== this.props.isFar;
  }

  override render() {
    const { part, isFar, room, reply } = this.props;
    return (
      <ol class={isFar ? "far" : ""}>
        {part.messages.map((message, place) => {
          const before = part.messages[place - 1] ?? part.before;
          return (
            <Fragment key={message.number}>
              {startsDay(message, before) && (
                <li class="day">
                  <span>{dayOf(message.createdAt)}</span>
                </li>
              )}
              <MessageView
                message={message}
                room={room}
                goesOn={goesOn(message, before)}
                readers={part.readers.get(message.number) ?? []}
                reply={reply}
              />
            </Fragment>
          );
        })}
      </ol>
    );
  }
}

const dateOf = (one: Message) => new Date(one.createdAt).toDateString();

const startsDay = (one: Message, before: Message | undefined) =>
  before === undefined || dateOf(before) !== dateOf(one);

/** Whether a message follows another of the same person's so closely that the name need not be told. */
export const goesOn = (one: Message, before: Message | undefined) =>
  before !== undefined &&
  before.sender?.id === one.sender?.id &&
  one.replyTo === null &&
  !startsDay(one, before) &&
  Date.parse(one.createdAt) - Date.parse(before.createdAt) < 5 * 60_000;

/** Silent while it grows: a screen reader is told the message. */
function AnswerView({ answer, text, room }: { answer: Answer; text: string; room: Room }) {
  return (
    <li class="message assistant">
      <Avatar person={answer.sender ?? { id: "", name: "?" }} />
      <article aria-label={`${answer.sender?.name ?? "Somebody"}, writing`}>
        <p class="name">
          {answer.sender?.name}
          <span class="role">Assistant</span>
        </p>
        <div class="bubble growing">
          <p class="text">{text || "…"}</p>
        </div>
        <div class="meta">
          {answer.state === "RUNNING" && (
            <button class="link" onClick={() => room.stop(answer)}>
              Stop
            </button>
          )}
        </div>
      </article>
    </li>
  );
}

export function UnsentView({ one }: { one: Unsent }) {
  return (
    <li class="message mine unsent">
      <div class="bubble">
        <p class="text">{one.text || one.files.map((file) => file.name).join(", ")}</p>
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
