"""The inbox under every filter, in both orders, page by page, against a plain look at the facts."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from app.chat import inbox as listing
from app.chat import mongo_documents
from app.services import Services
from app.users.models import UserRole
from tests.domains.marketplace import product_of
from tests.factories import Person, World
from tests.matrix.operations import PUBLISH, SUBMIT

PAGE = """query($filter: ConversationFilter, $direction: OrderDirection!,
  $first: Int, $after: String, $last: Int, $before: String) {
  conversations(filter: $filter, orderBy: {direction: $direction},
    first: $first, after: $after, last: $last, before: $before) {
    nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
TAG = """mutation($id: ID!, $tags: [String!]!, $key: String!) {
  conversationUpdate(conversationId: $id, input: {tags: $tags, clientKey: $key}) {
    errors { code message } } }"""
KEEP = """mutation($id: ID!, $input: ConversationSettingsUpdateInput!) {
  conversationSettingsUpdate(conversationId: $id, input: $input) { errors { code message } } }"""
READ = """mutation($id: ID!) { conversationMarkRead(conversationId: $id, input: {clientKey: "r"}) {
  errors { code } } }"""
START = """mutation($title: String!, $key: String!) {
  conversationStart(input: {kind: ASSISTANT, title: $title, clientKey: $key}) {
    conversation { id } errors { code } } }"""
GROUP = """mutation($name: String!, $product: ID, $key: String!) {
  groupCreate(input: {name: $name, productId: $product, clientKey: $key}) {
    group { id } errors { code } } }"""

WORDS = ("Amber", "Birch", "Cedar", "Dew", "Élan")
TAGS = ("later", "money", "song")
CAUSES = ("GRIEF_CARE", "ELDER_CARE", "CHILD_CARE")
MARKS = ("isUnread", "isArchived", "isMuted", "isPinned")
CONVERSATIONS = 40


@dataclass
class Fact:
    """What is true of one conversation; the last active one is the last of the list."""

    id: str
    kind: str
    title: str | None
    others: list[Person]
    leader: Person
    product: str | None = None
    cause: str | None = None
    tags: list[str] = field(default_factory=list)
    marks: dict[str, bool] = field(default_factory=dict)


@dataclass
class Town:
    """Somebody's inbox, and the facts."""

    me: Person
    people: list[Person]
    products: dict[str, str]
    facts: list[Fact]


@pytest.fixture(scope="module")
def rng() -> Random:
    return Random(20261121)


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    """A group of four is a crowd; few conversations are looked through at once, and for a page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mongo_documents, "_FEW", 3)
        patch.setattr(listing, "_CHUNK", 3)
        patch.setattr(listing, "_LARGEST_CHUNK", 6)
        patch.setattr(listing, "_LOOKED_THROUGH", 9)
        yield


@pytest.fixture(scope="module")
async def town(services: Services, server_url: str, rng: Random) -> AsyncIterator[Town]:
    world = World(services, server_url)
    yield await settled(world, rng)
    await world.close()


async def settled(world: World, rng: Random) -> Town:
    me, moderator = await world.user(name="Me of Cedar"), await world.user(UserRole.MODERATOR)
    people = [await world.user(name=f"{rng.choice(WORDS)} {n}") for n in range(12)]
    products = {}
    for cause in CAUSES:
        product = await product_of(me, cause=cause)
        await me.client.mutate(SUBMIT, id=product, key=uuid4().hex)
        await moderator.client.mutate(PUBLISH, id=product, key=uuid4().hex)
        products[product] = cause
    # A draft of somebody else's, around which is their group: its cause is nobody's to know.
    products[await product_of(people[0], cause=CAUSES[0])] = ""
    facts = [await started(world, rng, me, people, products) for _ in range(CONVERSATIONS)]
    facts = list({fact.id: fact for fact in facts}.values())
    rng.shuffle(facts)
    for fact in facts:
        await live_through(world, rng, me, fact)
    return Town(me, people, products, facts)


async def started(
    world: World, rng: Random, me: Person, people: list[Person], products: dict[str, str]
) -> Fact:
    kind = rng.choice(["DIRECT", "GROUP", "GROUP", "ASSISTANT"])
    title = f"{rng.choice(WORDS)} {rng.choice(WORDS)}"
    if kind == "DIRECT":
        other = rng.choice(people)
        return Fact(await world.direct(me, other), kind, None, [other], other)
    if kind == "ASSISTANT":
        made = await me.client.mutate(START, title=title, key=uuid4().hex)
        return Fact(made["conversation"]["id"], kind, title, [], me)
    product = rng.choice([None, *products])
    members = rng.sample(people[1:], rng.randint(0, 4))
    hidden = product is not None and not products[product]
    owner = people[0] if hidden else me
    made = await owner.client.mutate(GROUP, name=title, product=product, key=uuid4().hex)
    group = made["group"]["id"]
    joining = [*members, me] if owner is not me else members
    for person in joining:
        await add(owner, group, person)
    others = [*members, owner] if owner is not me else members
    talk = await world.conversation_of(me, group)
    cause = products[product] if product is not None and not hidden else None
    return Fact(talk, kind, title, others, owner, None if hidden else product, cause)


async def add(owner: Person, group: str, person: Person) -> None:
    await owner.client.mutate(
        """mutation($group: ID!, $user: ID!, $key: String!) {
          groupMemberAdd(groupId: $group, input: {userId: $user, clientKey: $key}) {
            errors { code } } }""",
        group=group,
        user=person.id,
        key=uuid4().hex,
    )


async def live_through(world: World, rng: Random, me: Person, fact: Fact) -> None:
    """Let something happen in it, so that it becomes the last active."""
    if rng.random() < 0.5:
        fact.tags = rng.sample(TAGS, 2)
        await fact.leader.client.mutate(TAG, id=fact.id, tags=fact.tags, key=uuid4().hex)
    speaker = rng.choice([me, *fact.others])
    await world.say(speaker, fact.id, "a word")
    fact.marks["isUnread"] = speaker is not me
    if speaker is not me and rng.random() < 0.5:
        await me.client.mutate(READ, id=fact.id)
        fact.marks["isUnread"] = False
    for name in MARKS[1:]:
        fact.marks[name] = rng.random() < 0.3
    given = {name: value for name, value in fact.marks.items() if name != "isUnread" and value}
    if given:
        keep = {**given, "clientKey": uuid4().hex}
        await me.client.mutate(KEEP, id=fact.id, input=keep)


def holds(fact: Fact, wanted: dict[str, Any], me: Person) -> bool:
    def has(name: str, value: Any) -> bool:
        match name:
            case "titleContains":
                return value.casefold() in (fact.title or "").casefold()
            case "participantId":
                return value in [me.id, *(person.id for person in fact.others)]
            case "participantName":
                return any(value.casefold() in p.name.casefold() for p in fact.others)
            case "tag":
                return value.lower() in fact.tags
            case "causes":
                return fact.cause in value
        plain = {"kind": fact.kind, "productId": fact.product, **fact.marks}
        return bool(plain[name] == value)

    return all(has(name, value) for name, value in wanted.items())


def random_filter(rng: Random, town: Town) -> dict[str, Any]:
    part = rng.choice(WORDS)[: rng.randint(1, 4)].upper()
    choices: dict[str, Any] = {
        "kind": rng.choice(["DIRECT", "GROUP", "ASSISTANT"]),
        "titleContains": part,
        "participantId": rng.choice([*town.people, town.me]).id,
        "participantName": part,
        "productId": rng.choice([p for p, cause in town.products.items() if cause]),
        "tag": rng.choice(TAGS).upper(),
        "causes": rng.sample(CAUSES, rng.randint(0, 2)),
        **{mark: rng.random() < 0.5 for mark in MARKS},
    }
    names = rng.sample(sorted(choices), rng.choice([0, 1, 1, 1, 2, 2, 3]))
    return {name: choices[name] for name in names}


async def walked(
    me: Person, size: int, *, forward: bool, direction: str, wanted: dict[str, Any]
) -> list[str]:
    """Every page of the list from one end, in the list's own order."""
    amount, place, more, cursor = (
        ("first", "after", "hasNextPage", "endCursor")
        if forward
        else ("last", "before", "hasPreviousPage", "startCursor")
    )
    pages: list[list[str]] = []
    at = None
    for _ in range(2 * CONVERSATIONS):
        asked = {amount: size, place: at, "filter": wanted, "direction": direction}
        page = (await me.client.run(PAGE, **asked))["conversations"]
        pages.append([node["id"] for node in page["nodes"]])
        assert len(pages[-1]) <= size
        if not page["pageInfo"][more]:
            ordered = pages if forward else reversed(pages)
            return [id_ for found in ordered for id_ in found]
        assert page["pageInfo"][cursor] not in (None, at)
        at = page["pageInfo"][cursor]
    raise AssertionError("the walk does not end")


@pytest.mark.covers("A29", "B6")
@pytest.mark.timeout(300)
async def test_every_filter_and_order_gives_what_a_plain_look_does(town: Town, rng: Random) -> None:
    me = town.me
    filters: list[dict[str, Any]] = [{}, *(random_filter(rng, town) for _ in range(45))]
    found_some = 0
    for wanted in filters:
        expected = [fact.id for fact in town.facts if holds(fact, wanted, me)]
        found_some += bool(expected)
        for direction in ("DESC", "ASC"):
            in_order = expected[::-1] if direction == "DESC" else expected
            forward = rng.random() < 0.5
            size = rng.choice([1, 3, 7, 20])
            found = await walked(me, size, forward=forward, direction=direction, wanted=wanted)
            assert found == in_order, (wanted, direction, forward, size)
    assert found_some > len(filters) // 2


async def test_nothing_comes_twice_while_others_send(town: Town, world: World, rng: Random) -> None:
    me, wanted = town.me, {"isMuted": False}
    before = await walked(me, 20, forward=True, direction="DESC", wanted=wanted)
    seen: list[str] = []
    moved: set[str] = set()
    at, more = None, True
    while more:
        asked = {"first": 3, "after": at, "filter": wanted, "direction": "DESC"}
        page = (await me.client.run(PAGE, **asked))["conversations"]
        seen += [node["id"] for node in page["nodes"]]
        at, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        busy = rng.choice(town.facts)
        await world.say(rng.choice([me, *busy.others]), busy.id, "meanwhile")
        moved.add(busy.id)

    assert len(seen) == len(set(seen))
    assert [id_ for id_ in before if id_ in seen] == seen
    assert set(before) - set(seen) <= moved
