/** Where one writes: Enter sends, Shift and Enter begin a line, `@` and a name mention somebody. */

import { useEffect, useRef, useState } from "preact/hooks";
import { SendLater } from "./later";
import { Avatar, Icon } from "./parts";
import { isMe, type Room } from "./room";
import type { Person, Quote } from "./types";
import { Uploads, type Upload } from "./uploads";

const EVERYONE: Person = { id: "everyone", name: "everyone" };
/** What was begun and not sent, by where it would go. */
const drafts = new Map<string, string>();

interface Given {
  room: Room;
  replyTo?: Quote | null;
  setReplyTo?: (to: Quote | null) => void;
  /** The message whose thread this writes to. */
  threadOf?: Quote;
}

export function Composer({ room, replyTo = null, setReplyTo, threadOf }: Given) {
  const place = threadOf?.id ?? room.id;
  const field = useRef<HTMLTextAreaElement>(null);
  const form = useRef<HTMLFormElement>(null);
  const [uploads] = useState(() => new Uploads(room.id));
  const [text, setText] = useState(drafts.get(place) ?? "");
  const [caret, setCaret] = useState(0);
  const [chosen, choose] = useState(0);
  const [isLater, setLater] = useState(false);
  const [isOver, setOver] = useState(false);
  const files = uploads.all.value;
  useEffect(() => field.current!.focus(), [room, replyTo]);
  useEffect(() => () => uploads.clear(), []);
  useDrop(form, uploads, setOver);

  const begun = /(?:^|\s)@([^@\n]{0,40})$/.exec(text.slice(0, caret))?.[1];
  const people = room.isLed ? [...room.members.value, EVERYONE] : room.members.value;
  const offered =
    begun === undefined
      ? []
      : people
          .filter((one) => !isMe(one) && one.name.toLowerCase().startsWith(begun.toLowerCase()))
          .filter((one) => one.name !== begun)
          .slice(0, 6);
  const at = Math.min(chosen, offered.length - 1);
  const canSend = files.every((one) => one.sent !== null) && (text.trim() !== "" || files.length > 0);

  const write = (next: string) => {
    setText(next);
    drafts.set(place, next);
    setCaret(field.current!.selectionStart);
    choose(0);
    room.type(next.trim() !== "");
  };
  const complete = (person: Person) => {
    const before = text.slice(0, caret - begun!.length) + `${person.name} `;
    field.current!.value = before + text.slice(caret);
    field.current!.setSelectionRange(before.length, before.length);
    write(field.current!.value);
    field.current!.focus();
  };
  const done = () => {
    room.type(false);
    drafts.delete(place);
    setText("");
    setReplyTo?.(null);
  };
  const send = () => {
    if (!canSend) return;
    const mentioned = room.members.value.filter((one) => text.includes(`@${one.name}`));
    room.send({
      text: text.trim(),
      replyTo: threadOf ?? replyTo,
      mentionIds: mentioned.map((one) => one.id),
      mentionEveryone: room.isLed && /(^|\s)@everyone\b/.test(text),
      files: files.map((one) => one.sent!),
    });
    uploads.clear();
    done();
  };

  const pressed = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (offered.length > 0 && ["ArrowDown", "ArrowUp", "Tab", "Enter", "Escape"].includes(event.key)) {
      event.preventDefault();
      if (event.key === "Escape") setCaret(0);
      else if (event.key === "Tab" || event.key === "Enter") complete(offered[at]!);
      else choose((at + (event.key === "ArrowDown" ? 1 : offered.length - 1)) % offered.length);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape" && replyTo !== null) {
      event.preventDefault();
      setReplyTo?.(null);
    }
  };

  return (
    <form
      ref={form}
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {isOver && <p class="drop">Drop files here to send them</p>}
      {offered.length > 0 && (
        <ul class="offered" role="listbox" id={`offered-${place}`} aria-label="People to mention">
          {offered.map((person, index) => (
            <li
              key={person.id}
              id={`offered-${place}-${index}`}
              role="option"
              aria-selected={index === at}
              onClick={() => complete(person)}
            >
              <Avatar person={person} isOnline={room.onlineIds.value.has(person.id)} />
              {person.name}
            </li>
          ))}
        </ul>
      )}
      {replyTo !== null && (
        <p class="answering">
          <span>
            Answering <strong>{replyTo.sender?.name}</strong>: {replyTo.text ?? "a file"}
          </span>
          <button type="button" class="quiet" aria-label="Do not answer" onClick={() => setReplyTo?.(null)}>
            ×
          </button>
        </p>
      )}
      {files.length > 0 && (
        <ul class="uploads" aria-label="Files to send">
          {files.map((one) => (
            <UploadView key={one.key} one={one} uploads={uploads} />
          ))}
        </ul>
      )}
      <div class="box">
        <label class="tool" title="Add files">
          <input
            type="file"
            class="sr"
            multiple
            aria-label="Add files"
            onChange={(event) => {
              uploads.add(event.currentTarget.files ?? []);
              event.currentTarget.value = "";
              field.current!.focus();
            }}
          />
          <Icon name="clip" />
        </label>
        <textarea
          ref={field}
          rows={1}
          value={text}
          placeholder={threadOf === undefined ? "Write a message" : "Reply in the thread"}
          aria-label={threadOf === undefined ? "Write a message" : "Reply in the thread"}
          aria-autocomplete="list"
          aria-controls={offered.length > 0 ? `offered-${place}` : undefined}
          aria-activedescendant={offered.length > 0 ? `offered-${place}-${at}` : undefined}
          onInput={(event) => write(event.currentTarget.value)}
          onKeyDown={pressed}
          onPaste={(event) => {
            const pasted = event.clipboardData?.files ?? [];
            if (pasted.length === 0) return;
            event.preventDefault();
            uploads.add(pasted);
          }}
          onBlur={() => room.type(false)}
        />
        {threadOf === undefined && (
          <button type="button" class="tool" aria-label="Send later" title="Send later" onClick={() => setLater(true)}>
            <Icon name="clock" />
          </button>
        )}
        <button class="primary" disabled={!canSend}>
          Send
        </button>
      </div>
      {isLater && (
        <SendLater room={room} text={text.trim()} replyTo={replyTo} done={done} close={() => setLater(false)} />
      )}
    </form>
  );
}

/** Take files that are dropped on what a form is in. */
function useDrop(form: { current: HTMLFormElement | null }, uploads: Uploads, setOver: (is: boolean) => void) {
  useEffect(() => {
    const around = form.current!.parentElement!;
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (!around.contains(event.relatedTarget as Node | null)) setOver(false);
    };
    const drop = (event: DragEvent) => {
      event.preventDefault();
      setOver(false);
      uploads.add(event.dataTransfer?.files ?? []);
    };
    const ending = new AbortController();
    around.addEventListener("dragover", over, ending);
    around.addEventListener("dragleave", leave, ending);
    around.addEventListener("drop", drop, ending);
    return () => ending.abort();
  }, []);
}

function UploadView({ one, uploads }: { one: Upload; uploads: Uploads }) {
  return (
    <li class={one.failure === null ? "upload" : "upload upload-failed"}>
      {one.preview === null ? <Icon name="file" /> : <img src={one.preview} alt="" />}
      <span class="upload-name">{one.file.name}</span>
      {one.failure !== null ? (
        <span class="failure" role="alert">
          {one.failure}
        </span>
      ) : one.sent === null ? (
        <progress value={one.progress} aria-label={`Sending ${one.file.name}`} />
      ) : (
        <span class="sr">ready</span>
      )}
      {one.failure !== null && (
        <button type="button" class="link" onClick={() => uploads.again(one)}>
          Try again
        </button>
      )}
      <button type="button" class="quiet" aria-label={`Leave out ${one.file.name}`} onClick={() => uploads.remove(one)}>
        ×
      </button>
    </li>
  );
}
