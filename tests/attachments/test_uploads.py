"""Files through the API: from the announcement to those who may see them, on disk and in S3."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, text, update

from app.api.ids import parse_id
from app.attachments.commands import collect, delete_files_of
from app.attachments.models import StoredAttachment
from app.users.models import UserRole
from tests.accounts.test_decisions import DEACTIVATE
from tests.attachments.uploads import (
    CREATE,
    SEND_FILES,
    announce,
    link,
    png,
    put,
    sent,
    uploaded,
)
from tests.factories import MEMBER_REMOVE, Person, World
from tests.personal.test_export import EXPORT


async def is_known(town: World, file_id: str) -> bool:
    """Whether the table has a file."""
    key = UUID((parse_id(file_id) or ("", ""))[1])
    async with town.services.main.begin() as tx:
        found = await tx.execute(select(StoredAttachment.id).where(StoredAttachment.id == key))
        return found.first() is not None


async def kept(town: World, file_id: str) -> list[str]:
    """The names of what the store has of a file."""
    key = (parse_id(file_id) or ("", ""))[1]
    return [name for name in await town.services.files.names() if name.startswith(key)]


def refused(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


@pytest.mark.covers("E13", "E11")
async def test_a_picture_goes_to_those_who_read_its_message(town: World) -> None:
    owner, member, stranger = await town.users(3)
    group = await town.group(owner, member)
    room = await town.conversation_of(owner, group)
    data = png(300_000)

    message = await sent(owner, room, await uploaded(owner, room, data))

    assert [item["type"] for item in message["attachments"]] == ["IMAGE"]
    url = await link(member, message)
    async with httpx.AsyncClient(base_url=town.server_url) as browser:
        seen = await browser.get(url)
        bare = url.partition("?")[0]
        assert refused(await browser.get(bare)) == (404, "NOT_FOUND")
        forged = url[:-2] + ("AA" if url[-2:] != "AA" else "BB")
        assert refused(await browser.get(forged)) == (401, "UNAUTHENTICATED")
    assert (seen.status_code, seen.content) == (200, data)
    assert seen.headers["content-type"] == "image/png"
    assert seen.headers["etag"] == f'"{hashlib.sha256(data).hexdigest()}"'
    assert seen.headers["content-disposition"] == "inline; filename*=UTF-8''a%20picture.png"
    assert seen.headers["x-content-type-options"] == "nosniff"
    assert seen.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert (await member.client.http.get(bare)).content == data
    assert refused(await stranger.client.http.get(bare)) == (404, "NOT_FOUND")


async def test_a_former_member_s_link_ends_with_the_membership(town: World) -> None:
    owner, member = await town.users(2)
    group = await town.group(owner, member)
    room = await town.conversation_of(owner, group)
    message = await sent(owner, room, await uploaded(owner, room, png()))
    url = await link(member, message)
    async with httpx.AsyncClient(base_url=town.server_url) as browser:
        assert (await browser.get(url)).status_code == 200
        await owner.client.mutate(MEMBER_REMOVE, group=group, user=member.id, key="out")
        assert refused(await browser.get(url)) == (404, "NOT_FOUND")


async def test_links_end_with_their_account(town: World) -> None:
    owner, member, admin = await town.user(), await town.user(), await town.user(UserRole.ADMIN)
    room = await town.direct(owner, member)
    message = await sent(owner, room, await uploaded(owner, room, png()))
    url, upload = await link(member, message), await announce(member, room, len(png()))
    export = (await member.client.mutate(EXPORT, key="export"))["dataExport"]["url"]
    await admin.client.mutate(DEACTIVATE, id=member.id, reason="Spam.", key="out")
    async with httpx.AsyncClient(base_url=town.server_url) as browser:
        assert refused(await browser.get(url)) == (401, "UNAUTHENTICATED")
        assert (await browser.get(export)).status_code == 401
    assert refused(await put(member, upload, png())) == (401, "UNAUTHENTICATED")
    assert await kept(town, upload["id"]) == []


async def test_a_file_is_its_owner_s_until_it_is_sent_and_then_one_message_s(town: World) -> None:
    one, other = await town.users(2)
    room = await town.direct(one, other)
    elsewhere = await town.conversation_of(one, await town.group(one))
    file = await uploaded(one, room, png())
    bare = f"/attachments/{(parse_id(file) or ('', ''))[1]}"

    assert (await one.client.http.get(bare)).status_code == 200
    assert refused(await other.client.http.get(bare)) == (404, "NOT_FOUND")
    for person, place in ((other, room), (one, elsewhere)):
        code = await person.client.refused(SEND_FILES, room=place, files=[file], key="k")
        assert code == "NOT_FOUND"
    first = await one.client.mutate(SEND_FILES, room=room, files=[file], key="first")
    again = await one.client.mutate(SEND_FILES, room=room, files=[file], key="first")
    assert again["message"]["id"] == first["message"]["id"]
    assert await one.client.refused(SEND_FILES, room=room, files=[file], key="2nd") == "CONFLICT"
    assert (await other.client.http.get(bare)).status_code == 200


WRONG = {
    "html": (b"<!DOCTYPE html><script>alert(1)</script>", "image/png"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "image/png"),
    "program": (b"MZ\x90\0" + b"\0" * 200, "application/pdf"),
    "other picture": (b"GIF89a" + b"\0" * 60, "image/png"),
    "no text": (b"caf\xe9 \xff", "text/plain"),
    "picture as text": (png(), "text/plain"),
}


@pytest.mark.parametrize("what", WRONG)
async def test_bytes_that_are_something_else_leave_nothing(what: str, town: World) -> None:
    one, other = await town.users(2)
    room = await town.direct(one, other)
    data, kind = WRONG[what]
    upload = await announce(one, room, len(data), kind)
    assert refused(await put(one, upload, data)) == (400, "INVALID")
    assert await kept(town, upload["id"]) == []
    code = await one.client.refused(SEND_FILES, room=room, files=[upload["id"]], key="k")
    assert code == "NOT_FOUND"


@pytest.mark.parametrize("difference", [-1, 1, 3_000_000])
async def test_more_or_fewer_bytes_than_were_said_leave_nothing(
    difference: int, town: World
) -> None:
    one, other = await town.users(2)
    room = await town.direct(one, other)
    data = png(1_000_000 + difference)
    upload = await announce(one, room, len(png(1_000_000)))

    async def pieces() -> AsyncIterator[bytes]:  # without a length that is told before
        for start in range(0, len(data), 50_000):
            yield data[start : start + 50_000]

    assert refused(await put(one, upload, pieces())) == (400, "INVALID")
    assert await kept(town, upload["id"]) == []
    right = await put(one, upload, png(1_000_000))
    assert right.status_code == 204  # the link is still good


async def raw(person: Person, path: str, length: int, data: bytes) -> tuple[bytes, float]:
    """Send the beginning of an upload over a socket; what comes back, and after how long."""
    host, port = person.client.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
    writer.write(f"{head}Content-Length: {length}\r\n\r\n".encode() + data)
    await writer.drain()
    begun = asyncio.get_running_loop().time()
    answer = await reader.read(4096)
    writer.close()
    await writer.wait_closed()
    return answer, asyncio.get_running_loop().time() - begun


async def test_a_slow_upload_is_closed_and_leaves_nothing(town: World) -> None:
    one, other = await town.users(2)
    room = await town.direct(one, other)
    data = png(100_000)
    upload = await announce(one, room, len(data))
    answer, seconds = await raw(one, upload["url"], len(data), data[:70_000])
    assert b" 408 " in answer.splitlines()[0]
    assert seconds >= 1.9
    assert await kept(town, upload["id"]) == []


async def test_a_cut_connection_leaves_nothing(town: World) -> None:
    one, other = await town.users(2)
    room = await town.direct(one, other)
    data = png(100_000)
    upload = await announce(one, room, len(data))
    host, port = town.server_url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = f"PUT {upload['url']} HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
    writer.write(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data[:70_000])
    await writer.drain()
    writer.transport.abort()
    assert (await put(one, upload, data)).status_code == 204
    async with asyncio.timeout(20):
        while len(await kept(town, upload["id"])) != 1:  # noqa: ASYNC110 - another task ends it
            await asyncio.sleep(0.02)


async def test_of_parallel_uploads_one_is_kept(town: World) -> None:
    one, other = await town.users(2)
    room = await town.direct(one, other)
    versions = [png(5_000)[:-20] + bytes([n]) * 20 for n in range(6)]
    upload = await announce(one, room, len(versions[0]))
    answers = await asyncio.gather(*(put(one, upload, data) for data in versions))
    codes = [answer.status_code for answer in answers]
    assert sorted(codes) == [204, *[409] * 5]
    assert len(await kept(town, upload["id"])) == 1
    message = await sent(one, room, upload["id"])
    seen = await one.client.http.get(await link(one, message))
    assert seen.content == versions[codes.index(204)]


async def test_what_may_be_uploaded_is_limited(town: World) -> None:
    one, other, stranger = await town.users(3)
    room = await town.direct(one, other)

    async def code(person: Person = one, **changed: object) -> str:
        values = {"room": room, "name": "a", "type": "image/png", "size": 10, "key": uuid4().hex}
        return await person.client.refused(CREATE, **values | changed)

    assert await code(stranger) == "NOT_FOUND"
    assert await code(size=8_000_001) == "TOO_LONG"
    assert await code(size=0) == "INVALID"
    assert await code(name="a\nb") == "INVALID"
    for kind in ("text/html", "image/svg+xml", "application/octet-stream", "image/PNG"):
        assert await code(type=kind) == "INVALID"
    await announce(one, room, 8_000_000)
    assert await code(size=2_000_001) == "CONFLICT"  # in all
    answers = await asyncio.gather(
        *(
            one.client.run(CREATE, room=room, name="a", type="image/png", size=1, key=uuid4().hex)
            for _ in range(14)
        )
    )
    refusals = [answer["attachmentCreate"]["errors"] for answer in answers]
    assert [len(errors) for errors in refusals].count(1) == 3  # in a day


async def test_a_retried_announcement_is_one(town: World) -> None:
    one, other = await town.users(2)
    room = await town.direct(one, other)
    values = {"room": room, "name": "a", "type": "image/png", "size": 10, "key": "same"}
    made = await asyncio.gather(*(one.client.mutate(CREATE, **values) for _ in range(4)))
    assert len({answer["attachment"]["id"] for answer in made}) == 1
    assert await one.client.refused(CREATE, **values | {"size": 11}) == "CLIENT_KEY_REUSED"


async def test_a_link_is_for_one_thing_and_one_file(town: World) -> None:
    one, other = await town.users(2)
    room = await town.direct(one, other)
    upload, second = await announce(one, room, 10), await announce(one, room, 10)
    token = upload["url"].partition("?")[2]
    other_path = second["url"].partition("?")[0]
    message = await sent(one, room, await uploaded(one, room, png()))
    view = await link(one, message)
    http = one.client.http
    png_type = {"content-type": "image/png"}
    for url in (f"{other_path}?{token}", view, other_path):
        answer = await http.put(url, content=b"x", headers=png_type)
        assert refused(answer) == (401, "UNAUTHENTICATED")
    assert refused(await http.get(upload["url"])) == (401, "UNAUTHENTICATED")
    wrong = await http.put(upload["url"], content=b"x", headers={"content-type": "text/plain"})
    assert refused(wrong) == (400, "INVALID")


@pytest.mark.parametrize(
    "path", ["..%2f..%2fetc%2fpasswd", "%2e%2e%2e", "a", "00000000-0000-0000-0000-000000000000"]
)
async def test_no_path_leads_elsewhere(path: str, town: World) -> None:
    person = await town.user()
    answer = await person.client.http.get(f"/attachments/{path}")
    assert answer.status_code == 404


async def test_after_its_message_a_file_is_gone(town: World) -> None:
    one, other = await town.users(2)
    room = await town.direct(one, other)
    file = await uploaded(one, room, png())
    message = await sent(one, room, file)
    url = await link(other, message)
    key = UUID((parse_id(message["id"]) or ("", ""))[1])
    async with town.services.main.begin() as tx:
        await tx.execute(text("UPDATE messages SET deleted = true WHERE id = :id"), {"id": key})
    assert refused(await other.client.http.get(url)) == (404, "NOT_FOUND")
    await collect(town.services.main, town.services.files)
    assert not await is_known(town, file)
    assert await kept(town, file) == []


async def test_what_is_not_used_in_time_is_collected(town: World) -> None:
    one, other = await town.users(2)
    room = await town.direct(one, other)
    used = await uploaded(one, room, png())
    await sent(one, room, used)
    unused, pending = await uploaded(one, room, png()), (await announce(one, room, 10))["id"]
    async with town.services.main.begin() as tx:
        await tx.execute(
            update(StoredAttachment)
            .where(StoredAttachment.owner_id == one.user_id)
            .values(created_at=StoredAttachment.created_at - timedelta(days=1))
        )
    fresh = await uploaded(one, room, png())
    await collect(town.services.main, town.services.files)
    there = [await is_known(town, file) for file in (used, unused, pending, fresh)]
    assert there == [True, False, False, True]
    assert [len(await kept(town, file)) for file in (used, unused, fresh)] == [1, 0, 1]


async def test_an_erased_user_s_files_are_gone(town: World) -> None:
    one, other = await town.users(2)
    room = await town.direct(one, other)
    file = await uploaded(one, room, png())
    url = await link(other, await sent(one, room, file))
    theirs = await uploaded(other, room, png())
    async with town.services.main.begin() as tx:
        await delete_files_of(tx, one.user_id)
    assert refused(await other.client.http.get(url)) == (404, "NOT_FOUND")
    await collect(town.services.main, town.services.files)
    assert not await is_known(town, file)
    assert await kept(town, file) == []
    assert await is_known(town, theirs)


async def test_text_and_archives_are_saved_and_not_shown(town: World) -> None:
    one, other = await town.users(2)
    room = await town.direct(one, other)
    data = "<script>alert('ü')</script>".encode()
    file = await uploaded(one, room, data, "text/plain", 'näme"; x=.html')
    message = await sent(one, room, file)
    assert message["attachments"][0]["type"] == "FILE"
    seen = await other.client.http.get(await link(other, message))
    assert seen.content == data
    assert seen.headers["content-type"] == "text/plain; charset=utf-8"
    assert seen.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''n%C3%A4me%22%3B%20x%3D.html"
    )
