"""Uploaded files over HTTP: sent once, by a signed address, and seen by those who may.

Whoever reads the message may, and staff to whom a report shows it.

Nothing here is a page: files of types that browsers run are not taken, types are not guessed, and
what is not a picture, a film or a sound is saved and not shown.
"""

from collections.abc import AsyncIterator
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import quote
from uuid import UUID

from pydantic import Field
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from app.api.body import stream_body
from app.api.charging import MUTATION
from app.api.files import PATH
from app.api.ranges import Unsatisfiable, byte_range
from app.api.rest.models import Wire
from app.api.rest.resource import Call, Desk, Resource
from app.attachments.commands import receive
from app.attachments.kinds import KINDS
from app.attachments.links import Purpose, verify
from app.attachments.queries import AttachmentRecord, attachment
from app.chat.files import visible_file
from app.errors import DomainError, Invalid, NotFound, Unauthenticated
from app.media import AttachmentType
from app.review.evidence import reported_file
from app.services import Services
from app.users.queries import users_by_ids
from app.viewer import Viewer

# Points: up to three commands to the stores, and some bytes.
_SEEN = 20
_HEADERS = {
    "accept-ranges": "bytes",
    # Whoever loses the right to see it does not see it again; the tag spares the bytes.
    "cache-control": "private, no-cache",
    "content-security-policy": "default-src 'none'; sandbox",
    # Its address is its permission, so that another origin's page may show it.
    "cross-origin-resource-policy": "cross-origin",
    "x-content-type-options": "nosniff",
}


class FileQuery(Wire):
    """The query of a file's address."""

    token: str | None = Field(None, max_length=100, description="Its permission.")


def file_routes(desk: Desk) -> list[BaseRoute]:
    """`/attachments/{id}`: PUT sends a file's bytes, GET and HEAD show them."""
    resource = Resource(desk, {"GET": _show, "HEAD": _show, "PUT": _receive}, None)
    return [Route(f"{PATH}/{{id}}", resource)]


async def _receive(call: Call) -> Response:
    attachment_id, token = _address(call)
    context = await call.paid(MUTATION)
    services = context.services
    if token is None:
        raise Unauthenticated("Send a file to the address that attachmentCreate gave.")
    owner = await _holder(call, services, Purpose.UPLOAD, attachment_id, token)
    found = await attachment(services.main, attachment_id)
    if found is None or found.owner_id != owner.user_id:
        raise NotFound("There is no such file; it may have been forgotten.")
    said = call.headers.get("content-type", "")
    if said.partition(";")[0].strip().lower() != found.content_type:
        raise Invalid(f"Send it with the Content-Type {found.content_type}.", field=["body"])
    body = stream_body(call.receive, services.settings.attachment_timeout)
    try:
        await receive(services.main, services.files, found, body)
    except DomainError:
        await _drain(body, services.settings.attachment_max_bytes)
        raise
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _drain(body: AsyncIterator[bytes], most: int) -> None:
    # A client that is still sending when the connection closes would not see why.
    left = most
    async for piece in body:
        left -= len(piece)
        if left < 0:
            break


async def _show(call: Call) -> Response:
    attachment_id, token = _address(call)
    context = await call.paid(_SEEN)
    services, viewer = context.services, context.viewer
    if token is not None:
        viewer = await _holder(call, services, Purpose.VIEW, attachment_id, token)
    try:
        found = await visible_file(services, viewer, attachment_id)
    except NotFound:
        if not viewer.is_staff:
            raise
        await call.paid(MUTATION)  # the audit is written
        found = await reported_file(services, viewer, attachment_id)
    headers = _HEADERS | _description(found)
    if _is_known(call, headers["etag"]):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    try:
        wanted = byte_range(_range_header(call, headers), found.size)
    except Unsatisfiable:
        headers["content-range"] = f"bytes */{found.size}"
        status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        return Response(status_code=status, headers=headers)
    start, end = wanted or (0, found.size)
    status = HTTPStatus.OK if wanted is None else HTTPStatus.PARTIAL_CONTENT
    headers["content-length"] = str(end - start)
    if wanted is not None:
        headers["content-range"] = f"bytes {start}-{end - 1}/{found.size}"
    if call.scope["method"] == "HEAD" or found.location is None:
        return Response(status_code=status, headers=headers, media_type=found.content_type)
    pieces = await services.files.read(found.location, start, end)
    return StreamingResponse(pieces, status, headers, found.content_type)


async def _holder(
    call: Call, services: Services, purpose: Purpose, key: UUID, token: str
) -> Viewer:
    """To whom a link was given, as they are now; it holds while they are not locked out."""
    viewer = Viewer(verify(services.tokens, purpose, key, token), role="user")
    (user,) = await users_by_ids(services.auth, viewer, [viewer.require()])
    if user is None or not user.is_active:
        raise Unauthenticated("This link's account is closed or locked out.")
    return Viewer(user.id, user.public_id, user.role, origin=call.viewer.origin)


def _address(call: Call) -> tuple[UUID, str | None]:
    try:
        key = UUID(call.scope["path_params"]["id"])
    except ValueError:
        raise NotFound("There is no such file that you may see.") from None
    return key, call.query(FileQuery).token


def _description(found: AttachmentRecord) -> dict[str, str]:
    shown = KINDS[found.content_type] is not AttachmentType.FILE
    name = quote(found.name, safe="")
    return {
        "content-disposition": f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{name}",
        "etag": f'"{(found.sha256 or b"").hex()}"',
        "last-modified": format_datetime(found.created_at, usegmt=True),
    }


def _is_known(call: Call, tag: str) -> bool:
    header = ",".join(call.headers.getlist("if-none-match"))
    tags = {one.strip().removeprefix("W/") for one in header.split(",")}
    return tag in tags or "*" in tags


def _range_header(call: Call, headers: dict[str, str]) -> str | None:
    # A part of another version would be of no use; a weak tag never proves that it is the same.
    condition = call.headers.get("if-range")
    if condition is None or condition == headers["etag"] or _is_date(condition, headers):
        return call.headers.get("range")
    return None


def _is_date(condition: str, headers: dict[str, str]) -> bool:
    try:
        return parsedate_to_datetime(condition) == parsedate_to_datetime(headers["last-modified"])
    except ValueError:
        return False
