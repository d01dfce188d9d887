"""A seed in bulk leaves what the product's own commands would have left, in both stores."""

from collections import Counter

import pytest
from sqlalchemy import text

from app.errors import OperatorError
from app.seeds import relations, seed
from app.seeds.talks import fill, plan_talks
from app.services import Services
from app.settings import Settings
from tests.client import Client
from tests.seeds.test_demo import token_of
from tests.seeds.verifier import broken_invariants

SIZES = {"users": 80, "products": 150, "groups": 40, "messages": 1_000}

INBOX = """{ conversations(first: 60) { nodes { id kind messageCount unreadCount group { name }
  lastMessage { text } } } }"""
CHAT = """query($id: ID!) { conversation(id: $id) { messages(last: 50) {
  nodes { seq text sender { name } readBy { nodes { name } } } } } }"""
VENDORS = "{ users(first: 100) { nodes { name products(first: 5) { nodes { title } } } } }"
SEND = """mutation($id: ID!) { messageSend(conversationId: $id,
  input: {text: "After the seed", clientKey: "new"}) { message { seq } errors { code } } }"""


@pytest.mark.covers("E28")
async def test_two_seeds_are_two_worlds_that_keep_every_invariant(
    own_settings: Settings, own_server: tuple[Services, str]
) -> None:
    services, _ = own_server
    added: Counter[str] = Counter()

    for _ in range(2):
        await seed(own_settings, **SIZES, progress=lambda what, rows: added.update({what: rows}))

    assert added == {name: 2 * size for name, size in SIZES.items()}
    assert await broken_invariants(services) == []
    async with services.main.begin() as tx:
        rows = await tx.execute(
            text("SELECT kind, count(*) FROM messages GROUP BY kind ORDER BY kind")
        )
        kinds: dict[str, int] = dict(tuple(row) for row in rows)
        analysed = await tx.execute(
            text("SELECT reltuples FROM pg_class WHERE relname = 'products'")
        )
        assert analysed.scalar_one() == 2 * SIZES["products"]
    assert kinds["message"] == 2 * SIZES["messages"]


async def test_the_api_reads_and_extends_what_was_seeded(
    own_settings: Settings, own_server: tuple[Services, str]
) -> None:
    services, url = own_server
    await seed(own_settings, **SIZES, progress=lambda *_: None)
    async with services.auth.begin() as tx:
        # The first of a seed's users is its busiest.
        first = await tx.execute(
            text("SELECT public_id, email FROM users ORDER BY id DESC OFFSET 79 LIMIT 1")
        )
        public_id, sealed = first.one()
    email = services.accounts.keyring.open(sealed, "users", "email", public_id)

    async with Client(url, await token_of(services, email)) as busy:
        inbox = (await busy.run(INBOX))["conversations"]["nodes"]
        chats = [await busy.run(CHAT, id=c["id"]) for c in inbox[:10]]
        users = (await busy.run(VENDORS))["users"]["nodes"]
        sent = await busy.mutate(SEND, id=inbox[0]["id"])

    assert len(inbox) >= 50
    assert any(c["group"] for c in inbox)
    assert any(c["unreadCount"] for c in inbox)
    for listed, chat in zip(inbox, chats, strict=False):
        messages = chat["conversation"]["messages"]["nodes"]
        assert len(messages) == min(50, listed["messageCount"])
        assert listed["lastMessage"]["text"] == messages[-1]["text"]
        if listed["kind"] == "DIRECT":
            readers = {reader["name"] for reader in messages[-1]["readBy"]["nodes"]}
            assert messages[-1]["sender"]["name"] in readers
    assert any(user["products"]["nodes"] for user in users)
    assert sent["message"]["seq"] > inbox[0]["messageCount"]
    assert await broken_invariants(services) == []


def test_a_seed_is_the_same_every_time_and_skewed() -> None:
    def plan() -> tuple[list[relations.Row], list[int]]:
        rng = relations.seeded(1)
        users = range(1, 2_001)
        groups = relations.seed_groups(rng, 200, users, relations.product_rows(rng, 50, users))
        talks = plan_talks(rng, users, groups, 100_000)
        filled = fill(rng, talks[5], 1)
        return [(e.id, e.text, e.created_at) for e in filled.entries], [t.messages for t in talks]

    entries, lengths = plan()

    assert (entries, lengths) == plan()
    assert sum(lengths) == 100_000
    assert max(lengths) >= 10_000
    assert sorted(lengths)[len(lengths) // 2] < 100
    busiest = relations.seed_groups(relations.seeded(1), 200, range(1, 2_001), [])
    assert len(busiest[0].members) == 1_000
    assert sum(1 in group.members for group in busiest) >= 50


async def test_things_without_people_are_refused(own_settings: Settings) -> None:
    with pytest.raises(OperatorError, match="at least 2 new users"):
        await seed(
            own_settings, users=1, products=0, groups=1, messages=0, progress=lambda *_: None
        )


@pytest.mark.parametrize("people", [2, 3, 40])
def test_every_message_finds_a_conversation(people: int) -> None:
    talks = plan_talks(relations.seeded(1), range(1, people + 1), [], 25)

    assert sum(talk.messages for talk in talks) == 25
    assert all(len(set(talk.members)) == 2 for talk in talks)
