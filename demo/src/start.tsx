/** A new conversation: with somebody, or of a group that one joins. */

import { useEffect, useState } from "preact/hooks";
import { query } from "./client";
import { Dialog } from "./dialog";
import { GROUPS, PEOPLE } from "./documents";
import { isOnline, join, talkTo } from "./inbox";
import { complain } from "./notice";
import { Avatar } from "./parts";
import { isMe } from "./room";
import type { Nodes, Person } from "./types";

interface Group {
  id: string;
  name: string;
  memberCount: number;
  joinPolicy: "OPEN" | "INVITATION";
  viewerMembership: { role: string } | null;
}

export function Start({ open, close }: { open: (id: string) => void; close: () => void }) {
  const [wanted, setWanted] = useState("");
  const [people, setPeople] = useState<Person[]>([]);
  const [groups, setGroups] = useState<Group[]>([]);
  const [failure, setFailure] = useState("");
  useEffect(() => {
    let late = false;
    const name = wanted.trim() || null;
    const timer = setTimeout(async () => {
      try {
        const [some, all] = await Promise.all([
          query<{ users: Nodes<Person> | null }>(PEOPLE, { name }),
          query<{ groups: Nodes<Group> | null }>(GROUPS, { name }),
        ]);
        if (late) return;
        setPeople((some.users?.nodes ?? []).filter((person) => !isMe(person)));
        setGroups((all.groups?.nodes ?? []).filter((one) => one.joinPolicy === "OPEN" && !one.viewerMembership));
      } catch (error) {
        complain(error);
      }
    }, 200);
    return () => {
      late = true;
      clearTimeout(timer);
    };
  }, [wanted]);

  const begin = async (conversation: Promise<string>) => {
    try {
      open(await conversation);
      close();
    } catch (error) {
      setFailure((error as Error).message);
    }
  };

  return (
    <Dialog title="New conversation" close={close}>
      <input
        type="search"
        placeholder="A person or a group"
        aria-label="A person or a group"
        value={wanted}
        onInput={(event) => setWanted(event.currentTarget.value)}
      />
      <p class="failure" role="alert">
        {failure}
      </p>
      <div class="choices">
        <h3>People</h3>
        <ul>
          {people.map((person) => (
            <li key={person.id}>
              <button class="choice" onClick={() => begin(talkTo(person))}>
                <Avatar person={person} isOnline={isOnline(person)} />
                {person.name}
              </button>
            </li>
          ))}
        </ul>
        {people.length === 0 && <p class="hint">Nobody of that name.</p>}
        <h3>Groups to join</h3>
        <ul>
          {groups.map((group) => (
            <li key={group.id}>
              <button class="choice" onClick={() => begin(join(group.id))}>
                <Avatar person={group} />
                <span>
                  {group.name}
                  <small>
                    {group.memberCount} {group.memberCount === 1 ? "member" : "members"}
                  </small>
                </span>
              </button>
            </li>
          ))}
        </ul>
        {groups.length === 0 && <p class="hint">No open group that you are not in.</p>}
      </div>
    </Dialog>
  );
}
