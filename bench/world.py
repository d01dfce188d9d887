"""The data that is measured on: seeded once for each size, and kept between runs."""

import asyncio
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
from rich.progress import Progress

from app.embedded import stop_stores, use_stores
from app.migrations import migrate_up
from app.seeds import seed
from app.settings import Settings
from app.tokens import open_tokens
from app.viewer import Viewer

_ROOT = Path(".isthmus/bench")
_CONVERSATIONS = 100  # of the viewer, about
_MEMBERS = 50  # of the conversation whose page is read, about

_LARGEST = """
SELECT conversation_id FROM conversation_members
GROUP BY conversation_id ORDER BY count(*) DESC, conversation_id LIMIT 1
"""
_BUSY = """
SELECT m.user_id FROM conversation_members m
JOIN conversation_members h ON h.user_id = m.user_id AND h.conversation_id = $1
GROUP BY m.user_id ORDER BY abs(count(*) - $2), m.user_id LIMIT 1
"""
_MINE = """
SELECT c.id, h.last_msg_no AS messages,
  (SELECT count(*) FROM conversation_members m WHERE m.conversation_id = c.id) AS members
FROM conversation_members mine JOIN conversations c ON c.id = mine.conversation_id
JOIN conversation_heads h ON h.conversation_id = c.id
WHERE mine.user_id = $1 ORDER BY c.id
"""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is seeded."""

    users: int
    products: int
    groups: int
    messages: int


@dataclass(frozen=True, slots=True)
class World:
    """Whose requests are measured, and what they ask for.

    Attributes:
        viewer: A member of the largest group, who takes part in about 100 conversations.
        chat: A group's conversation of an ordinary size, with at least a page of messages.
        hot: The conversation that everybody writes to and listens to: the largest.
        others: Conversations for sends that do not meet.
    """

    settings: Settings
    viewer: Viewer
    token: str
    chat: UUID
    hot: UUID
    others: list[UUID]


@contextmanager
def open_world(sizes: Sizes) -> Iterator[World]:
    """The seeded stores, migrated to what the code expects, running until the block ends."""
    name = f"{sizes.users}-{sizes.products}-{sizes.groups}-{sizes.messages}"
    home = _ROOT.resolve() / name
    seeded = home / "seeded"
    if home.exists() and not seeded.exists():
        print(f"{home} holds a seed that was interrupted; it is made anew")
        stop_stores(home)
        shutil.rmtree(home)
    with use_stores(home, "the bench") as stores:
        settings = Settings(
            environment="development",  # production takes no token without a sign-in
            home=home,
            database_url=stores.urls.database_url,
            auth_database_url=stores.urls.auth_database_url,
            mongo_url=stores.urls.mongo_url,
            redis_url=stores.urls.redis_url,
            access_token_ttl=86_400,
        )
        asyncio.run(migrate_up(settings))
        if not seeded.exists():
            asyncio.run(_fill(settings, sizes))
            seeded.touch()
        yield asyncio.run(_find(settings))


async def _fill(settings: Settings, sizes: Sizes) -> None:
    totals = {name: getattr(sizes, name) for name in Sizes.__slots__}
    began = time.monotonic()
    with Progress() as bar:
        tasks = {name: bar.add_task(f"seeding {name}", total=n) for name, n in totals.items()}
        await seed(settings, **totals, progress=lambda what, n: bar.advance(tasks[what], n))
    print(f"seeded in {time.monotonic() - began:.0f} s")


async def _find(settings: Settings) -> World:
    auth, main = await asyncio.gather(
        asyncpg.connect(settings.auth_url), asyncpg.connect(settings.database_url)
    )
    hot = await main.fetchval(_LARGEST)
    user_id = await main.fetchval(_BUSY, hot, _CONVERSATIONS)
    user = await auth.fetchrow("SELECT public_id, role FROM users WHERE id = $1", user_id)
    rows = await main.fetch(_MINE, user_id)
    await asyncio.gather(auth.close(), main.close())
    assert user is not None
    viewer = Viewer(user_id, UUID(str(user["public_id"])), user["role"])
    crowded = [row for row in rows if row["members"] > 2 and row["messages"] >= 50] or rows
    chat = min(crowded, key=lambda row: abs(row["members"] - _MEMBERS))["id"]
    token = open_tokens(settings).issue(user_id, UUID(str(user["public_id"])), viewer.role)
    ids = [UUID(str(row["id"])) for row in rows if row["id"] != hot]
    return World(settings, viewer, token, UUID(str(chat)), UUID(str(hot)), ids)
