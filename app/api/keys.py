"""The public keys by which others verify this server's access tokens."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.api.encoding import encode
from app.tokens import Tokens

_PATH = "/.well-known/jwks.json"
_MAX_AGE = 300  # seconds for which it may be kept


def key_routes(tokens: Callable[[], Tokens]) -> list[BaseRoute]:
    """`GET /.well-known/jwks.json` (RFC 7517)."""

    async def keys(_request: Request) -> Response:
        headers = {"cache-control": f"public, max-age={_MAX_AGE}"}
        return Response(encode(tokens().jwks()), media_type="application/json", headers=headers)

    return [Route(_PATH, keys, methods=["GET"])]
