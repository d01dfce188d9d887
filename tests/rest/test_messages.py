"""A room's messages over REST: what GraphQL would show and do, in another notation."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from graphql import OperationDefinitionNode, parse, validate

from app.api.charging import MUTATION
from app.api.query_cost import cost
from app.api.rest.messages import LIST, MESSAGE
from app.api.schema import schema
from app.services import Services
from tests.client import Client
from tests.factories import MEMBER_REMOVE, Person, World
from tests.security.conftest import Serving
from tests.security.conftest import serving as serving  # noqa: PLC0414 - a fixture

PAGE = """query($id: ID!, $last: Int!) { conversation(id: $id) { messages(last: $last) { nodes {
  id text role metadata deleted createdAt updatedAt attachments { url type }
  sender { id name username profileImageUrl } } } } }"""
# What REST shows of a page: the room, and of each message its sender and their membership.
LISTED = """{ conversation(id: "x") { group { viewerMembership { role joinedAt } }
  messages(last: %s) { nodes { id seq role text deleted metadata createdAt updatedAt
    attachments { url type } sender { id name username profileImageUrl } } } } }"""


def path(room: str) -> str:
    return f"/api/rooms/{room}/messages"


async def post(person: Person, room: str, **body: Any) -> httpx.Response:
    return await person.client.http.post(path(room), json={"clientKey": uuid4().hex, **body})


def problem(response: httpx.Response) -> tuple[int, str, list[str] | None]:
    """The parts of a problem that programs go by."""
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body["status"] == response.status_code
    assert body["detail"]
    assert body["title"]
    return response.status_code, body["code"], body.get("field")


@pytest.mark.covers("D2", "D12", "D13")
async def test_a_group_is_its_conversation_and_senders_are_members(world: World) -> None:
    owner, member = await world.users(2)
    group = await world.group(owner, member)
    conversation = await world.conversation_of(owner, group)

    sent = await post(owner, group, content="  to all\r\nof you ", metadata={"mood": "calm"})
    answered = await post(member, conversation, content="thanks")

    assert (sent.status_code, answered.status_code) == (201, 201)
    message = sent.json()
    assert message["content"] == "to all\nof you"
    assert message["roomId"] == conversation
    assert message["member"]["role"] == "owner"
    assert message["member"]["joinedAt"]
    assert message["member"]["profile"] == {
        "id": owner.id,
        "name": owner.name,
        "username": None,
        "imageUrl": None,
    }
    for room in (group, conversation):
        page = (await member.client.http.get(path(room))).json()
        assert page == {"items": [answered.json(), message], "nextCursor": None}
    (first, second) = (await member.client.run(PAGE, id=conversation, last=5))["conversation"][
        "messages"
    ]["nodes"]
    assert (first["id"], second["id"]) == (message["id"], answered.json()["id"])
    assert first["metadata"] == message["metadata"] == {"mood": "calm"}
    assert first["createdAt"] == message["createdAt"].replace("000Z", "000+00:00")


@pytest.mark.covers("D1", "D12")
async def test_a_direct_conversation_has_profiles_and_no_roles(world: World) -> None:
    one, other = await world.users(2)
    room = await world.direct(one, other)
    sent = (await post(one, room, fileUrl="https://files.example/a b.pdf")).json()
    assert (sent["content"], sent["fileUrl"]) == (None, "https://files.example/a%20b.pdf")
    assert sent["attachments"] == [{"url": "https://files.example/a%20b.pdf", "type": "file"}]
    (item,) = (await other.client.http.get(path(room))).json()["items"]
    assert item == sent
    assert (item["member"]["role"], item["member"]["profile"]["id"]) == (None, one.id)


@pytest.mark.covers("D12")
async def test_pages_go_from_the_newest_to_the_oldest(world: World) -> None:
    one, other = await world.users(2)
    room = await world.direct(one, other)
    texts = [str(number) for number in range(7)]
    await world.say(one, room, *texts)
    pages, cursor = [], None
    while True:
        parameters = {"limit": "3"} | ({} if cursor is None else {"cursor": cursor})
        answer = await other.client.http.get(path(room), params=parameters)
        page = answer.json()
        pages.append([item["content"] for item in page["items"]])
        if (cursor := page["nextCursor"]) is None:
            break
        await world.say(one, room, "newer")  # moves no page
    assert pages == [["6", "5", "4"], ["3", "2", "1"], ["0"]]


async def test_a_retry_by_either_name_makes_one_message(world: World) -> None:
    one, other = await world.users(2)
    room = await world.direct(one, other)
    key = uuid4().hex
    url = path(room)

    answers = await asyncio.gather(
        *(one.client.http.post(url, json={"content": "once", "clientKey": key}) for _ in range(4)),
        *(
            one.client.http.post(
                url, json={"content": "once"}, headers={"Idempotency-Key": f'"{key}"'}
            )
            for _ in range(4)
        ),
    )

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    other_body = await one.client.http.post(url, json={"content": "other", "clientKey": key})
    assert problem(other_body) == (422, "CLIENT_KEY_REUSED", ["clientKey"])
    differing = await one.client.http.post(
        url, json={"content": "x", "clientKey": "a"}, headers={"Idempotency-Key": "b"}
    )
    assert problem(differing) == (400, "INVALID", ["clientKey"])
    without = await one.client.http.post(url, json={"content": "x"})
    assert problem(without) == (400, "REQUIRED", ["clientKey"])
    page = (await other.client.http.get(url)).json()
    assert [item["content"] for item in page["items"]] == ["once"]


@pytest.mark.covers("D14")
async def test_whoever_takes_no_part_finds_no_room(world: World, anonymous: Client) -> None:
    owner, former, stranger = await world.users(3)
    group = await world.group(owner, former)
    conversation = await world.conversation_of(owner, group)
    await owner.client.mutate(MEMBER_REMOVE, group=group, user=former.id, key="out")

    for person in (stranger, former):
        for room in (group, conversation):
            for answer in (
                await person.client.http.get(path(room)),
                await post(person, room, content="let me in"),
            ):
                assert problem(answer) == (404, "NOT_FOUND", ["roomId"])
    for answer in (
        await anonymous.http.get(path(group)),
        await anonymous.http.post(path(group), json={"content": "x", "clientKey": "k"}),
    ):
        assert problem(answer)[:2] == (401, "UNAUTHENTICATED")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert (await owner.client.http.get(path(group))).json()["items"] == []


@pytest.mark.parametrize("room", ["nothing", "VXNlcjoxMjM=", "R3JvdXA6eHg=", "%00", "a%2Fb", "é"])
async def test_what_is_no_room_is_not_found(room: str, world: World) -> None:
    person = await world.user()
    answer = await person.client.http.get(path(room))
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "REQUIRED", ["content"]),
        ({"content": " "}, "REQUIRED", ["content"]),
        ({"content": 5}, "INVALID", ["content"]),
        ({"content": "x" * 10_001}, "TOO_LONG", ["content"]),
        ({"content": "x", "colour": "red"}, "INVALID", ["colour"]),
        ({"content": "x", "metadata": {"$set": 1}}, "INVALID", ["metadata"]),
        (
            {"attachments": [{"url": "ftp://x.example", "type": "file"}]},
            "INVALID",
            ["attachments", "0", "url"],
        ),
        (
            {"attachments": [{"url": "http://x.example", "type": "html"}]},
            "INVALID",
            ["attachments", "0", "type"],
        ),
        ({"content": "x", "clientKey": "k" * 65}, "TOO_LONG", ["clientKey"]),
    ],
)
async def test_a_refused_message_names_the_value_and_is_not_there(
    body: dict[str, Any], code: str, field: list[str], world: World
) -> None:
    one, other = await world.users(2)
    room = await world.direct(one, other)
    assert problem(await post(one, room, **body)) == (400, code, field)
    assert (await one.client.http.get(path(room))).json()["items"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=1.0", "limit=-1", "limit="])
async def test_a_limit_is_from_1_to_100(query: str, world: World) -> None:
    one, other = await world.users(2)
    room = await world.direct(one, other)
    answer = await one.client.http.get(f"{path(room)}?{query}")
    assert problem(answer) == (400, "INVALID", ["limit"])


async def test_other_queries_are_refused(world: World) -> None:
    one, other = await world.users(2)
    url = path(await world.direct(one, other))
    for query, refusal in (
        ("cursor=bm90", (400, "INVALID_CURSOR", None)),
        ("page=2", (400, "INVALID", ["page"])),
        ("limit=1&limit=2", (400, "BAD_REQUEST", None)),
        ("limit=%ff", (400, "BAD_REQUEST", None)),
    ):
        assert problem(await one.client.http.get(f"{url}?{query}")) == refusal


async def test_only_json_is_taken_and_only_by_these_methods(world: World) -> None:
    one, other = await world.users(2)
    url = path(await world.direct(one, other))
    http = one.client.http
    form = await http.post(url, data={"content": "x", "clientKey": "k"})
    plain = await http.post(url, content=b"{}", headers={"content-type": "text/plain"})
    assert [problem(answer)[0] for answer in (form, plain)] == [415, 415]
    broken = await http.post(url, content=b"{", headers={"content-type": "application/json"})
    assert problem(broken)[:2] == (400, "BAD_REQUEST")
    for method in ("PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"):
        answer = await http.request(method, url)
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, POST"


async def test_a_message_costs_what_it_does_in_graphql(serving: Serving, world: World) -> None:
    one, other = await world.users(2)
    room = await world.direct(one, other)
    graph = schema._schema
    for limit in (1, 50):
        document = parse(LISTED % limit)
        assert validate(graph, document) == []
        (operation,) = document.definitions
        assert isinstance(operation, OperationDefinitionNode)
        assert cost(graph, document, operation) == LIST + limit * MESSAGE
    budget = LIST + 2 * MESSAGE + MUTATION + MESSAGE
    async with serving(rate_limit=budget) as url, Client(url, one.token) as client:
        left = []
        for request in (
            client.http.get(path(room), params={"limit": 2}),
            client.http.post(path(room), json={"content": "x", "clientKey": "a"}),
            client.http.post(path(room), json={"content": "y", "clientKey": "b"}),
        ):
            answer = await request
            left.append((answer.status_code, answer.headers["ratelimit"].split(";")[1]))
    assert left == [(200, f"r={MUTATION + MESSAGE}"), (201, "r=0"), (429, "r=0")]
    assert problem(answer)[1] == "RATE_LIMITED"
    assert answer.json()["retryAfter"] == int(answer.headers["retry-after"])
    items = (await other.client.http.get(path(room))).json()["items"]
    assert [item["content"] for item in items] == ["x"]


async def test_bad_tokens_and_large_bodies_are_refused(serving: Serving, world: World) -> None:
    one, other = await world.users(2)
    room = await world.direct(one, other)
    async with serving(max_body_bytes=1024) as url:
        async with Client(url, "no token") as client:
            assert problem(await client.http.get(path(room)))[:2] == (401, "UNAUTHENTICATED")
        async with Client(url, one.token) as client:
            body = {"content": "x" * 1024, "clientKey": "k"}
            answer = await client.http.post(path(room), json=body)
            assert problem(answer)[:2] == (413, "PAYLOAD_TOO_LARGE")


async def test_what_fails_inside_is_masked(
    world: World, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await world.users(2)
    room = await world.direct(one, other)

    async def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(services.chat, "series", fail)
    answer = await one.client.http.get(path(room))
    assert problem(answer)[:2] == (500, "INTERNAL")
    assert "hunter2" not in answer.text
    assert answer.json()["id"]


async def test_trusted_documents_leave_rest_and_a_setting_takes_it_away(
    serving: Serving, world: World, tmp_path: Any
) -> None:
    one, other = await world.users(2)
    room = await world.direct(one, other)
    (tmp_path / "viewer.graphql").write_text("{ viewer { id } }")
    trusted = {"trusted_documents": tmp_path, "trusted_documents_only": True}
    for rest, status in ((True, 200), (False, 404)):
        async with serving(**trusted, rest=rest) as url, Client(url, one.token) as client:
            assert (await client.http.get(path(room))).status_code == status
            assert (await client.http.get("/api/openapi.json")).status_code == status


async def test_another_origin_may_send_the_key_where_it_may_call(serving: Serving) -> None:
    async with serving(allowed_origins=("https://chat.example",)) as url, Client(url) as client:
        answer = await client.http.options(
            path("x"),
            headers={
                "origin": "https://chat.example",
                "access-control-request-method": "POST",
                "access-control-request-headers": "authorization,content-type,idempotency-key",
            },
        )
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://chat.example"
