"""What waits with files is not sent without them by the version before."""

from uuid import uuid4

import asyncpg

from app.migrations import migrate_down, migrate_up, migration_status
from app.settings import Settings

SCHEDULED = """INSERT INTO scheduled_messages
  (id, conversation_id, sender_id, text, attachments, metadata, send_at, state, failure)
  VALUES (gen_random_uuid(), $1, 1, $2, $3, $4, now(), $5, $6)"""
FILES = '[{"url": "https://files.example/a.pdf", "type": "file"}]'
ROWS = [
    ("Plain", "[]", "{}", "waiting", None),
    ("Kept", "[]", '{"n": 1}', "waiting", None),
    ("With files", FILES, "{}", "waiting", None),
    (None, FILES, "{}", "sending", None),
    ("Closed", FILES, "{}", "failed", "FORBIDDEN"),
    (None, "[]", "{}", "cancelled", None),
]


async def test_what_waits_with_files_fails_rather_than_go_without_them(settings: Settings) -> None:
    await migrate_up(settings)
    main = await asyncpg.connect(settings.database_url)
    talk = uuid4()
    await main.execute(
        "INSERT INTO conversations (id, kind, created_by) VALUES ($1, 'direct', 1)", talk
    )
    await main.executemany(SCHEDULED, [(talk, *row) for row in ROWS])
    of_main = [m for m in await migration_status(settings) if m.store == "main"]
    place = next(n for n, m in enumerate(of_main) if m.title.startswith("Messages for later carry"))

    await migrate_down(settings, "main", len(of_main) - place)
    left = await main.fetch("SELECT text, state, failure FROM scheduled_messages")
    await migrate_up(settings)
    await main.close()

    assert {tuple(row) for row in left} == {
        ("Plain", "waiting", None),
        ("Kept", "waiting", None),
        ("With files", "failed", "INVALID"),
        ("", "failed", "INVALID"),
        ("Closed", "failed", "FORBIDDEN"),
        (None, "cancelled", None),
    }
