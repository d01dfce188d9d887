"""Files as browsers would upload them."""

import struct
import zlib
from typing import Any
from uuid import uuid4

import httpx

from tests.client import NO_TLS
from tests.factories import Person

CREATE = """mutation($room: ID!, $name: String!, $type: String!, $size: Int!, $key: String!) {
  attachmentCreate(input: {conversationId: $room, fileName: $name, contentType: $type,
    size: $size, clientKey: $key}) {
    attachment { id method url headers { name value } expiresAt }
    errors { code field message } } }"""
SEND_FILES = """mutation($room: ID!, $files: [ID!]!, $text: String, $key: String!) {
  messageSend(conversationId: $room, input: {text: $text, attachmentIds: $files, clientKey: $key}) {
    message { id text attachments { url type } } errors { code field message } } }"""
SHOWN = """query($id: ID!) { node(id: $id) { ... on Message { attachments { url type } } } }"""


def png(extra: int = 0) -> bytes:
    """A picture of one pixel, with so many bytes of a comment."""

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"tEXt", b"Comment\0" + b"x" * extra),
            chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")),
            chunk(b"IEND", b""),
        ]
    )


async def announce(
    person: Person, room: str, size: int, kind: str = "image/png", name: str = "a picture.png"
) -> dict[str, Any]:
    """What `attachmentCreate` gives."""
    made = await person.client.mutate(
        CREATE, room=room, name=name, type=kind, size=size, key=uuid4().hex
    )
    upload: dict[str, Any] = made["attachment"]
    return upload


async def put(person: Person, upload: dict[str, Any], data: Any) -> httpx.Response:
    """Send a file where it is to go; nobody is signed in there."""
    headers = {header["name"]: header["value"] for header in upload["headers"]}
    async with httpx.AsyncClient(base_url=person.client.url, verify=NO_TLS) as http:
        return await http.request(upload["method"], upload["url"], content=data, headers=headers)


async def uploaded(
    person: Person, room: str, data: bytes, kind: str = "image/png", name: str = "a picture.png"
) -> str:
    """The id of a file that is there."""
    upload = await announce(person, room, len(data), kind, name)
    answer = await put(person, upload, data)
    assert answer.status_code == 204, answer.text
    found: str = upload["id"]
    return found


async def sent(person: Person, room: str, *files: str) -> dict[str, Any]:
    """The message that shows these files."""
    made = await person.client.mutate(SEND_FILES, room=room, files=list(files), key=uuid4().hex)
    message: dict[str, Any] = made["message"]
    return message


async def link(person: Person, message: dict[str, Any]) -> str:
    """Where the first file of a message is for somebody."""
    found = (await person.client.run(SHOWN, id=message["id"]))["node"]
    url: str = found["attachments"][0]["url"]
    return url
