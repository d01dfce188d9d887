/** One message: its text, files, reactions and readers, and what may be done with it. */

import { useEffect, useRef, useState } from "preact/hooks";
import { Dialog } from "./dialog";
import { Files } from "./files";
import { complain } from "./notice";
import { Avatar, dayOf, names, timeOfDay } from "./parts";
import { isMe, type Room } from "./room";
import type { Message, Person, Quote } from "./types";

const EMOJIS = ["👍", "❤️", "😂", "🎉", "😮", "🙏"];

interface Given {
  message: Message;
  room: Room;
  goesOn: boolean;
  readers: readonly Person[];
  reply?: (to: Quote) => void;
  inThread?: boolean;
}

export function MessageView({ message, room, goesOn, readers, reply, inThread }: Given) {
  const [editing, setEditing] = useState(false);
  const [history, setHistory] = useState(false);
  const [near, setNear] = useState(false);
  const [open, setOpen] = useState(false);
  const more = useRef<HTMLButtonElement>(null);
  const mine = isMe(message.sender);
  const others = readers.filter((person) => person.id !== message.sender?.id);
  const classes = ["message", mine && "mine", goesOn && "goes-on", message.role.toLowerCase()];
  const can = !message.deleted && !editing;
  // Before what is chosen takes the focus elsewhere, and remembers whence.
  const leave = () => open && more.current?.focus();
  return (
    <li
      class={classes.filter(Boolean).join(" ")}
      id={`${inThread ? "t" : "m"}${message.number}`}
      onPointerEnter={(event) => setNear(event.pointerType === "mouse")}
      onPointerLeave={() => setNear(false)}
    >
      {!mine && !goesOn && (
        <Face person={message.sender ?? { id: "", name: "?" }} room={room} />
      )}
      <article aria-label={`${message.sender?.name ?? "Somebody"}, ${timeOfDay(message.createdAt)}`}>
        {!mine && !goesOn && (
          <p class="name">
            {message.sender?.name ?? "Somebody who left"}
            {message.role === "ASSISTANT" && <span class="role">Assistant</span>}
          </p>
        )}
        {message.replyTo !== null && !inThread && (
          <button class="quote" onClick={() => room.reach(message.replyTo!.number)}>
            <strong>{message.replyTo.sender?.name}</strong>{" "}
            {message.replyTo.deleted ? "deleted" : (message.replyTo.text ?? "a file")}
          </button>
        )}
        {editing ? (
          <Editor message={message} room={room} done={() => setEditing(false)} />
        ) : (
          (message.deleted || message.text !== null) && (
            <div class="bubble">
              <p class={message.deleted ? "text deleted" : "text"}>
                {message.deleted ? "This message was deleted." : highlighted(message)}
              </p>
            </div>
          )
        )}
        {message.attachments.length > 0 && (
          <div class="files">
            <Files message={message} room={room} />
          </div>
        )}
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
        <div class="meta">
          <time dateTime={message.createdAt}>{timeOfDay(message.createdAt)}</time>
          {message.editedAt !== null && !message.deleted && (
            <button class="link" onClick={() => setHistory(true)}>
              edited
            </button>
          )}
          {message.isPinned && <span>pinned</span>}
          {message.replyCount > 0 && !inThread && (
            <button class="link" onClick={() => room.openThread(message)}>
              {message.replyCount} {message.replyCount === 1 ? "reply" : "replies"}
            </button>
          )}
          {others.length > 0 && <span class="readers">Read by {names(others)}</span>}
          {can && (
            <button
              class="more"
              ref={more}
              aria-label="Message actions"
              aria-expanded={open}
              onClick={() => setOpen(!open)}
            >
              ⋯
            </button>
          )}
        </div>
        {can && (near || open) && (
          <div
            class="actions"
            role="group"
            aria-label="Message actions"
            onClickCapture={leave}
            onClick={() => setOpen(false)}
            onKeyDown={(event) => {
              if (event.key !== "Escape") return;
              event.preventDefault();
              leave();
              setOpen(false);
            }}
          >
            {(message.viewerCanReact ? EMOJIS : []).map((emoji) => (
              <button
                key={emoji}
                class="emoji"
                aria-label={`React with ${emoji}`}
                onClick={() => room.react(message, emoji)}
              >
                {emoji}
              </button>
            ))}
            {!inThread && (
              <>
                <button onClick={() => reply?.(message)}>Reply</button>
                <button onClick={() => room.openThread(message.threadRoot ?? message)}>Thread</button>
              </>
            )}
            {message.viewerCanPin && (
              <button onClick={() => room.pin(message)}>{message.isPinned ? "Unpin" : "Pin"}</button>
            )}
            {message.viewerCanEdit && <button onClick={() => setEditing(true)}>Edit</button>}
            {message.viewerCanDelete && <button onClick={() => room.remove(message)}>Delete</button>}
          </div>
        )}
        {history && <History message={message} room={room} close={() => setHistory(false)} />}
      </article>
    </li>
  );
}

/** Apart from the message, which need not be drawn again when somebody comes or goes. */
const Face = ({ person, room }: { person: Person; room: Room }) => (
  <Avatar person={person} isOnline={room.onlineIds.value.has(person.id)} />
);

function highlighted(message: Message) {
  const people = message.mentions?.nodes ?? [];
  if (people.length === 0 || message.text === null) return message.text;
  const wanted = new Map(people.map((person) => [`@${person.name}`, person]));
  const pattern = new RegExp(`(${[...wanted.keys(), "@everyone"].map(escape).join("|")})`);
  return message.text.split(pattern).map((part) => {
    const person = wanted.get(part);
    if (person === undefined && part !== "@everyone") return part;
    return <mark class={person === undefined || isMe(person) ? "me" : ""}>{part}</mark>;
  });
}

const escape = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function History({ message, room, close }: { message: Message; room: Room; close: () => void }) {
  const [edits, setEdits] = useState<{ createdAt: string; text: string | null }[]>([]);
  useEffect(() => void room.edits(message).then(setEdits, complain), []);
  return (
    <Dialog title="What it said before" close={close}>
      <ol class="history">
        {edits.map((one) => (
          <li key={one.createdAt}>
            <time dateTime={one.createdAt}>
              {dayOf(one.createdAt)}, {timeOfDay(one.createdAt)}
            </time>
            <p class="text">{one.text ?? "No text"}</p>
          </li>
        ))}
      </ol>
    </Dialog>
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
