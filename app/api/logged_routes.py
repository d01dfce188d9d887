"""The log's view of everything under `/api/` that is not GraphQL, which logs its own calls."""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.call_logging import Call, CallLogging
from app.api.callers import client_address, origin_of
from app.viewer import NOWHERE

_LOGGED = "/api/"
_NO_ROUTE = "(no route)"


class LoggedRoutes:
    """Logs each call of a route as `/api/rooms/{room_id}`, never with what stands in its place.

    A route that knows more says so to `call_of` its scope.

    Args:
        app: What responds.
        logging: How calls are logged; None for not at all.
    """

    def __init__(self, app: ASGIApp, logging: CallLogging | None) -> None:
        self._app = app
        self._logging = logging

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and log what came of it."""
        if scope["type"] != "http" or not scope["path"].startswith(_LOGGED):
            await self._app(scope, receive, send)
            return
        origin = origin_of(client_address(scope), Headers(scope=scope))
        call = Call(self._logging, scope["method"], origin)
        scope.setdefault("state", {})["call"] = call
        call.status = HTTPStatus.INTERNAL_SERVER_ERROR

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                call.status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            call.endpoint = _route(scope)
            call.end()


def call_of(scope: Scope) -> Call:
    """What a request is logged as; outside of `LoggedRoutes` one that nobody logs."""
    found: Call | None = scope.get("state", {}).get("call")
    return found or Call(None, scope["method"], NOWHERE)


def _route(scope: Scope) -> str:
    """The path with its parameters' names in their places; all that is no route is one."""
    if "endpoint" not in scope:
        return _NO_ROUTE
    names = {str(value): f"{{{name}}}" for name, value in scope["path_params"].items()}
    return "/".join(names.get(part, part) for part in scope["path"].split("/"))
