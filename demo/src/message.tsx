/** One message: its text, files, reactions and readers, and what may be done with it. */

import { useEffect, useRef, useState } from "preact/hooks";
import { Avatar, names, timeOfDay } from "./parts";
import { isMe, type Room } from "./room";
import type { Attachment, Message, Person, Quote } from "./types";

const EMOJIS = ["👍", "❤️", "😂", "🎉", "😮", "🙏"];

interface Given {
  message: Message;
  room: Room;
  goesOn: boolean;
  readers: Person[];
  reply: (to: Quote) => void;
}

export function MessageView({ message, room, goesOn, readers, reply }: Given) {
  const [editing, setEditing] = useState(false);
  const [open, setOpen] = useState(false);
  const mine = isMe(message.sender);
  const others = readers.filter((person) => person.id !== message.sender?.id);
  const classes = ["message", mine && "mine", goesOn && "goes-on"].filter(Boolean).join(" ");
  return (
    <li class={classes} id={`m${message.number}`}>
      {!mine && !goesOn && <Avatar person={message.sender ?? { id: "", name: "?" }} />}
      <article aria-label={`${message.sender?.name ?? "Somebody"}, ${timeOfDay(message.createdAt)}`}>
        {!mine && !goesOn && <p class="name">{message.sender?.name ?? "Somebody who left"}</p>}
        {message.replyTo !== null && (
          <a class="quote" href={`#m${message.replyTo.number}`} onClick={(e) => show(e, message.replyTo!)}>
            <strong>{message.replyTo.sender?.name}</strong>{" "}
            {message.replyTo.deleted ? "deleted" : (message.replyTo.text ?? "a file")}
          </a>
        )}
        <div class="bubble">
          {message.deleted ? (
            <p class="text deleted">This message was deleted.</p>
          ) : editing ? (
            <Editor message={message} room={room} done={() => setEditing(false)} />
          ) : (
            <p class="text">{highlighted(message)}</p>
          )}
          {message.attachments.map((one) => (
            <File key={one.url} one={one} />
          ))}
        </div>
        {message.reactions.length > 0 && (
          <p class="reactions">
            {message.reactions.map((one) => (
              <button
                key={one.emoji}
                class="reaction"
                aria-pressed={one.viewerHasReacted}
                aria-label={`${one.emoji}, ${one.count}`}
                onClick={() => room.react(message, one.emoji)}
              >
                {one.emoji} {one.count}
              </button>
            ))}
          </p>
        )}
        <p class="meta">
          <time dateTime={message.createdAt}>{timeOfDay(message.createdAt)}</time>
          {message.editedAt !== null && !message.deleted && " · edited"}
          {message.isPinned && " · pinned"}
          {message.replyCount > 0 &&
            ` · ${message.replyCount} ${message.replyCount === 1 ? "reply" : "replies"}`}
          {!message.deleted && !editing && (
            <button
              class="more"
              aria-label="Message actions"
              aria-expanded={open}
              onClick={() => setOpen(!open)}
            >
              ⋯
            </button>
          )}
        </p>
        {!message.deleted && !editing && (
          <div
            class={open ? "actions actions-open" : "actions"}
            role="group"
            aria-label="Message actions"
            onClick={() => setOpen(false)}
          >
            {EMOJIS.map((emoji) => (
              <button key={emoji} aria-label={`React with ${emoji}`} onClick={() => room.react(message, emoji)}>
                {emoji}
              </button>
            ))}
            <button onClick={() => reply(message)}>Reply</button>
            {message.viewerCanEdit && <button onClick={() => setEditing(true)}>Edit</button>}
            {mine && <button onClick={() => room.remove(message)}>Delete</button>}
          </div>
        )}
        {others.length > 0 && <p class="readers">Read by {names(others)}</p>}
      </article>
    </li>
  );
}

function show(event: Event, quote: Quote) {
  // The fragment names the conversation.
  event.preventDefault();
  document.getElementById(`m${quote.number}`)?.scrollIntoView({ block: "center" });
}

function highlighted(message: Message) {
  const people = message.mentions?.nodes ?? [];
  if (people.length === 0 || message.text === null) return message.text;
  const wanted = new Map(people.map((person) => [`@${person.name}`, person]));
  const pattern = new RegExp(`(${[...wanted.keys()].map(escape).join("|")})`);
  return message.text
    .split(pattern)
    .map((part) =>
      wanted.has(part) ? <mark class={isMe(wanted.get(part)!) ? "me" : ""}>{part}</mark> : part,
    );
}

const escape = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function File({ one }: { one: Attachment }) {
  const [isLost, setLost] = useState(false);
  if (one.type === "IMAGE" && isLost) return <p class="lost">A picture that cannot be loaded</p>;
  if (one.type === "IMAGE")
    return <img src={one.url} alt="A picture" loading="lazy" onError={() => setLost(true)} />;
  return (
    <a href={one.url} target="_blank" rel="noopener noreferrer">
      {one.type === "FILE" ? "A file" : one.type === "VIDEO" ? "A film" : "A recording"}
    </a>
  );
}

function Editor({ message, room, done }: { message: Message; room: Room; done: () => void }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [failure, setFailure] = useState("");
  useEffect(() => field.current!.focus(), []);
  const save = async () => {
    try {
      await room.edit(message, field.current!.value);
      done();
    } catch (error) {
      setFailure((error as Error).message);
    }
  };
  return (
    <form
      class="editor"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <textarea
        ref={field}
        aria-label="Edit the message"
        defaultValue={message.text ?? ""}
        onKeyDown={(event) => {
          if (event.key === "Escape") done();
          if (event.key === "Enter" && !event.shiftKey) {
            event.preventDefault();
            void save();
          }
        }}
      />
      <p class="failure" role="alert">
        {failure}
      </p>
      <button class="link">Save</button>
      <button type="button" class="link" onClick={done}>
        Cancel
      </button>
    </form>
  );
}
