"""The addresses of REST, and the document that describes them to programs."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.api.encoding import encode
from app.api.rest.messages import list_messages, send_message
from app.api.rest.openapi import openapi_document
from app.api.rest.resource import Desk, Resource

ROOM = "/api/rooms/{room_id}/messages"


def rest_routes(desk: Desk) -> list[BaseRoute]:
    """`/api/rooms/{roomId}/messages` and `/api/openapi.json`; none if the settings say so."""
    if not desk.settings.rest:
        return []
    methods = {"GET": list_messages, "POST": send_message}
    room = Resource(desk, methods, desk.settings.operation_timeout)
    return [Route(ROOM, room), Route("/api/openapi.json", _document(), methods=["GET"])]


def _document() -> Callable[[Request], Response]:
    body = encode(openapi_document())

    def document(_request: Request) -> Response:
        return Response(body, media_type="application/json")

    return document
