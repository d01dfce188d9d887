import { effect, signal } from "@preact/signals";
import { render } from "preact";
import { useEffect } from "preact/hooks";
import { Channel } from "./channel";
import { online, Refused, session } from "./client";
import { openInbox, unreadTotal } from "./inbox";
import { complain, notice } from "./notice";
import { Room } from "./room";
import { Sidebar } from "./sidebar";
import { SignIn } from "./signin";
import "./style.css";

/** The open conversation, by the address's fragment, so that Back and a bookmark work: its id, and a message's number. */
export const room = signal<Room | null>(null);

function openByAddress() {
  const [id = "", number] = location.hash.slice(1).split("/").map(decodeURIComponent);
  const reach = () => void (number !== undefined && room.value?.id === id && room.value.reach(Number(number)));
  if (room.value?.id === id) return reach();
  room.value?.close();
  room.value = null;
  if (id === "" || session.value === null) return;
  const next = new Room(id);
  room.value = next;
  void enter(next).then(reach);
}

async function enter(next: Room) {
  const leave = () => {
    if (room.value === next) location.hash = "";
  };
  while (room.value === next) {
    try {
      return await next.open(leave);
    } catch (error) {
      if (error instanceof Refused && error.code !== "UNREACHABLE" && error.code !== "UNAVAILABLE") {
        complain(error);
        return leave();
      }
      await new Promise((resolve) => setTimeout(resolve, 2_000));
    }
  }
}

addEventListener("hashchange", openByAddress);

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
          <h1 class="sr">Isthmus chat</h1>
          <p>Choose a conversation, or look for somebody to talk to.</p>
        </main>
      ) : (
        <Channel key={room.value.id} room={room.value} />
      )}
      <p class="notice" role="alert">
        {notice.value}
      </p>
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
