"""What is told with every response: to browsers, and which request it answers."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.request import begin_request, request_id
from app.settings import Settings

_HEADERS = {
    # The explorer's page has a policy of its own; nothing else is a page.
    "content-security-policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    # What CORS allows is still allowed: this is about images, scripts and frames.
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
# A year. Not for subdomains: whether those have TLS is not this server's to say.
_STRICT_TRANSPORT = {"strict-transport-security": "max-age=31536000"}
# Seconds for which a browser need not ask again.
_PREFLIGHT_AGE = 3600
REQUEST_ID = "x-request-id"


def protection(settings: Settings) -> list[Middleware]:
    """The middleware of every response, the outermost first."""
    headers = security_headers(settings)
    middleware = [Middleware(RequestIds), Middleware(SecurityHeaders, headers=headers)]
    if settings.allowed_origins:
        # No credentials: the bearer token is a header, and there is no cookie.
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=settings.allowed_origins,
                allow_methods=("GET", "POST", "PUT"),
                allow_headers=("authorization", "content-type", "idempotency-key", REQUEST_ID),
                expose_headers=("ratelimit", "ratelimit-policy", "retry-after", REQUEST_ID),
                max_age=_PREFLIGHT_AGE,
            )
        )
    return middleware


def security_headers(settings: Settings) -> dict[str, str]:
    """The headers of a response that does not say otherwise."""
    return _HEADERS | _STRICT_TRANSPORT if settings.environment == "production" else _HEADERS


class RequestIds:
    """Gives each HTTP request its id, the client's or a proxy's own where it is well formed.

    Args:
        app: What responds.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and name the request in the response."""
        if scope["type"] != "http":  # of a socket each operation is a request
            await self._app(scope, receive, send)
            return
        request_id = begin_request(Headers(scope=scope).get(REQUEST_ID))

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault(REQUEST_ID, request_id)
            await send(message)

        await self._app(scope, receive, named)


class SecurityHeaders:
    """Adds headers to responses that do not have them.

    Args:
        app: What responds.
        headers: By lower-case name.
    """

    def __init__(self, app: ASGIApp, headers: dict[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and complete the response's headers."""

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, complete if scope["type"] == "http" else send)


def internal_error(settings: Settings, _request: Request, _error: Exception) -> Response:
    """What is answered where the application failed; it is logged, and not told."""
    headers = security_headers(settings) | {REQUEST_ID: request_id() or begin_request()}
    return PlainTextResponse("Internal error", 500, headers=headers)
