"""What browsers are told with every response, and which other origins may read one."""

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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


def protection(settings: Settings) -> list[Middleware]:
    """The middleware of every response, the outermost first."""
    headers = security_headers(settings)
    middleware = [Middleware(SecurityHeaders, headers=headers)]
    if settings.allowed_origins:
        # No credentials: the bearer token is a header, and there is no cookie.
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=settings.allowed_origins,
                allow_methods=("GET", "POST"),
                allow_headers=("authorization", "content-type"),
                expose_headers=("ratelimit", "ratelimit-policy", "retry-after"),
                max_age=_PREFLIGHT_AGE,
            )
        )
    return middleware


def security_headers(settings: Settings) -> dict[str, str]:
    """The headers of a response that does not say otherwise."""
    return _HEADERS | _STRICT_TRANSPORT if settings.environment == "production" else _HEADERS


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
    return PlainTextResponse("Internal error", 500, headers=security_headers(settings))
