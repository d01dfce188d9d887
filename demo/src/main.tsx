import { effect, signal } from "@preact/signals";
import { render } from "preact";
import { useEffect } from "preact/hooks";
import { Channel } from "./channel";
import { online, session } from "./client";
import { openInbox, unreadTotal } from "./inbox";
import { Room } from "./room";
import { Sidebar } from "./sidebar";
import { SignIn } from "./signin";
import "./style.css";

/** The open conversation, by the address's fragment, so that Back and a bookmark work. */
export const room = signal<Room | null>(null);

function openByAddress() {
  const id = decodeURIComponent(location.hash.slice(1));
  if (room.value?.id === id) return;
  room.value?.close();
  room.value = null;
  if (id === "" || session.value === null) return;
  const next = new Room(id);
  room.value = next;
  next.open().catch(() => {
    if (room.value === next) location.hash = "";
  });
}

addEventListener("hashchange", openByAddress);
addEventListener("online", () => void room.value?.flush());

function Chat() {
  useEffect(() => {
    const close = openInbox();
    openByAddress();
    return () => {
      close();
      room.value?.close();
      room.value = null;
    };
  }, []);
  return (
    <div class={room.value === null ? "chat" : "chat chat-open"}>
      <Sidebar current={room.value?.id ?? null} />
      {room.value === null ? (
        <main class="nothing">
          <p>Choose a conversation, or look for somebody to talk to.</p>
        </main>
      ) : (
        <Channel key={room.value.id} room={room.value} />
      )}
      {!online.value && (
        <p class="offline" role="status">
          No connection. What you write is sent when it is back.
        </p>
      )}
    </div>
  );
}

function App() {
  return session.value === null ? <SignIn /> : <Chat />;
}

effect(() => {
  document.title = unreadTotal.value === 0 ? "Isthmus chat" : `(${unreadTotal.value}) Isthmus chat`;
});

render(<App />, document.getElementById("app")!);
