/** Where one writes: Enter sends, Shift and Enter begin a line, `@` and a name mention somebody. */

import { useEffect, useRef, useState } from "preact/hooks";
import { isMe, type Room } from "./room";
import type { Person, Quote } from "./types";

interface Given {
  room: Room;
  replyTo: Quote | null;
  setReplyTo: (to: Quote | null) => void;
}

export function Composer({ room, replyTo, setReplyTo }: Given) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState("");
  const [chosen, choose] = useState(0);
  useEffect(() => field.current!.focus(), [room, replyTo]);

  const begun = /(?:^|\s)@([^@\n]{0,40})$/.exec(text)?.[1];
  const offered =
    begun === undefined
      ? []
      : room.members.value
          .filter((one) => !isMe(one) && one.name.toLowerCase().startsWith(begun.toLowerCase()))
          .filter((one) => one.name !== begun)
          .slice(0, 5);
  const at = Math.min(chosen, offered.length - 1);

  const complete = (person: Person) => {
    write(`${text.slice(0, text.length - begun!.length)}${person.name} `);
    field.current!.focus();
  };
  const write = (next: string) => {
    setText(next);
    choose(0);
    room.type(next.trim() !== "");
  };
  const send = () => {
    if (text.trim() === "") return;
    const mentioned = room.members.value.filter((one) => text.includes(`@${one.name}`));
    room.type(false);
    room.send(text, replyTo, mentioned.map((one) => one.id));
    setText("");
    setReplyTo(null);
  };

  const pressed = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (offered.length > 0 && ["ArrowDown", "ArrowUp", "Tab", "Enter"].includes(event.key)) {
      event.preventDefault();
      if (event.key === "Tab" || event.key === "Enter") complete(offered[at]!);
      else choose((at + (event.key === "ArrowDown" ? 1 : offered.length - 1)) % offered.length);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape") setReplyTo(null);
  };

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {offered.length > 0 && (
        <ul class="offered" role="listbox" id="offered" aria-label="People to mention">
          {offered.map((person, place) => (
            <li
              key={person.id}
              id={`offered-${place}`}
              role="option"
              aria-selected={place === at}
              onClick={() => complete(person)}
            >
              {person.name}
            </li>
          ))}
        </ul>
      )}
      {replyTo !== null && (
        <p class="answering">
          Answering <strong>{replyTo.sender?.name}</strong>: {replyTo.text ?? "a file"}
          <button type="button" class="quiet" aria-label="Do not answer" onClick={() => setReplyTo(null)}>
            ×
          </button>
        </p>
      )}
      <textarea
        ref={field}
        rows={1}
        value={text}
        placeholder="Write a message"
        aria-label="Write a message"
        aria-autocomplete="list"
        aria-controls={offered.length > 0 ? "offered" : undefined}
        aria-activedescendant={offered.length > 0 ? `offered-${at}` : undefined}
        onInput={(event) => write(event.currentTarget.value)}
        onKeyDown={pressed}
        onBlur={() => room.type(false)}
      />
      <button class="primary" disabled={text.trim() === ""}>
        Send
      </button>
    </form>
  );
}
