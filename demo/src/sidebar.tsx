/** The inbox, and where to look for people and for what was said. */

import { useEffect, useRef, useState } from "preact/hooks";
import { endSession, query, session } from "./client";
import { PEOPLE, SEARCH } from "./documents";
import { archivedShown, hasMore, inbox, isOnline, loaded, loadMore, talkTo, titleOf } from "./inbox";
import { complain } from "./notice";
import { Avatar, Icon, time } from "./parts";
import { isMe } from "./room";
import { Start } from "./start";
import type { Nodes, Person, Quote, Summary } from "./types";

const open = (id: string, number?: number) => {
  location.hash = encodeURIComponent(id) + (number === undefined ? "" : `/${number}`);
};

export function Sidebar({ current }: { current: string | null }) {
  const [wanted, setWanted] = useState("");
  const [starting, setStarting] = useState(false);
  return (
    <nav class="sidebar" aria-label="Conversations">
      <header>
        <Avatar person={session.value!.viewer} />
        <strong>{session.value!.viewer.name}</strong>
        <button class="quiet" onClick={endSession}>
          Sign out
        </button>
        <button class="new" aria-label="New conversation" title="New conversation" onClick={() => setStarting(true)}>
          +
        </button>
      </header>
      {starting && <Start open={open} close={() => setStarting(false)} />}
      <input
        type="search"
        class="search"
        placeholder="Search people and messages"
        aria-label="Search people and messages"
        value={wanted}
        onInput={(e) => setWanted(e.currentTarget.value)}
      />
      {wanted.trim().length > 1 ? (
        <Found wanted={wanted.trim()} done={() => setWanted("")} />
      ) : (
        <>
          <ul class="inbox">
            {inbox.value.map((one) => (
              <Row key={one.id} one={one} isCurrent={one.id === current} />
            ))}
            {hasMore.value && <More key={inbox.value.length} />}
          </ul>
          {loaded.value && inbox.value.length === 0 && <p class="empty">Nothing here yet.</p>}
          <button
            class="quiet archived"
            aria-pressed={archivedShown.value}
            onClick={() => {
              archivedShown.value = !archivedShown.value;
              if (!loaded.value) void loadMore().catch(complain);
            }}
          >
            {archivedShown.value ? "Back to the inbox" : "Archived"}
          </button>
        </>
      )}
    </nav>
  );
}

/** The end of what is loaded; more is, when it is seen. */
function More() {
  const button = useRef<HTMLButtonElement>(null);
  const more = () => void loadMore().catch(complain);
  useEffect(() => {
    const watch = new IntersectionObserver(([seen]) => seen?.isIntersecting && loaded.value && more());
    watch.observe(button.current!);
    return () => watch.disconnect();
  }, []);
  return (
    <li>
      <button class="quiet" ref={button} onClick={more}>
        {loaded.value ? "Show more" : "Loading …"}
      </button>
    </li>
  );
}

function Row({ one, isCurrent }: { one: Summary; isCurrent: boolean }) {
  const last = one.lastMessage;
  const others = (one.participants?.nodes ?? []).filter((person) => !isMe(person));
  const marks = [one.isPinned && "pinned", one.isMuted && "muted"].filter(Boolean).join(", ");
  return (
    <li>
      <a
        href={`#${encodeURIComponent(one.id)}`}
        aria-current={isCurrent ? "page" : undefined}
        class={one.unreadCount > 0 && !one.isMuted ? "row unread" : "row"}
      >
        <Avatar
          person={{ id: one.id, name: titleOf(one) }}
          isOnline={one.kind === "DIRECT" && others.some(isOnline)}
        />
        <span class="row-title">{titleOf(one)}</span>
        <time dateTime={one.lastActivityAt}>{time(one.lastActivityAt)}</time>
        <span class="row-last">
          {last === null
            ? "No messages yet"
            : `${isMe(last.sender) ? "You" : (last.sender?.name.split(" ")[0] ?? "Somebody")}: ${last.deleted ? "deleted" : (last.text ?? "a file")}`}
        </span>
        <span class="row-marks">
          {marks !== "" && <span class="sr">{marks}</span>}
          {one.isPinned && <Icon name="pin" />}
          {one.isMuted && <Icon name="muted" />}
          {one.unreadMentionCount > 0 && (
            <span class="badge badge-mention">
              @<span class="sr"> {one.unreadMentionCount} mentions</span>
            </span>
          )}
          {one.unreadCount > 0 && (
            <span class={one.isMuted ? "badge badge-muted" : "badge"}>
              {one.unreadCount}
              <span class="sr"> unread</span>
            </span>
          )}
        </span>
      </a>
    </li>
  );
}

interface Hit extends Quote {
  createdAt: string;
  conversation: { id: string } | null;
}

function Found({ wanted, done }: { wanted: string; done: () => void }) {
  const [people, setPeople] = useState<Person[]>([]);
  const [hits, setHits] = useState<Hit[]>([]);
  useEffect(() => {
    let late = false;
    const timer = setTimeout(async () => {
      const [named, said] = await Promise.allSettled([
        query<{ users: Nodes<Person> | null }>(PEOPLE, { name: wanted }),
        query<{ messageSearch: Nodes<Hit> | null }>(SEARCH, { query: wanted }),
      ]);
      if (late) return;
      setPeople(named.status === "fulfilled" ? (named.value.users?.nodes ?? []) : []);
      setHits(said.status === "fulfilled" ? (said.value.messageSearch?.nodes ?? []) : []);
    }, 250);
    return () => {
      late = true;
      clearTimeout(timer);
    };
  }, [wanted]);

  return (
    <div class="found">
      <h2>People</h2>
      <ul>
        {people
          .filter((person) => !isMe(person))
          .map((person) => (
            <li key={person.id}>
              <button
                class="row"
                onClick={async () => {
                  await talkTo(person).then((id) => open(id)).catch(complain);
                  done();
                }}
              >
                <Avatar person={person} isOnline={isOnline(person)} />
                <span class="row-title">{person.name}</span>
              </button>
            </li>
          ))}
      </ul>
      <h2>Messages</h2>
      <ul>
        {hits.map((hit) => (
          <li key={hit.id}>
            <button
              class="row"
              onClick={() => {
                if (hit.conversation !== null) open(hit.conversation.id, hit.number);
                done();
              }}
            >
              <Avatar person={hit.sender ?? { id: "", name: "?" }} />
              <span class="row-title">{hit.sender?.name ?? "Somebody"}</span>
              <time dateTime={hit.createdAt}>{time(hit.createdAt)}</time>
              <span class="row-last">{hit.text}</span>
            </button>
          </li>
        ))}
      </ul>
      <p class="sr" role="status">
        {people.length} people, {hits.length} messages found
      </p>
    </div>
  );
}
