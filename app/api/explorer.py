"""The explorer's page: GraphiQL from our own files, so that it works without a network.

The files in `static/explorer` are built by `make explorer` from the npm project in `explorer/`.
"""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from app.api.pages import STATIC, page_routes

PAGE_PATH = "/graphiql"

_FILES = STATIC / "explorer"

# Monaco positions every line by a style attribute, hence 'unsafe-inline' for styles; its editor
# draws squiggles and guides from data: images. 'self' covers the WebSocket of the same origin.
_POLICY = (
    "default-src 'none'; "
    "script-src 'self'; "
    "worker-src 'self'; "
    "connect-src 'self'; "
    "style-src 'self' 'unsafe-inline'; "
    "font-src 'self'; "
    "img-src 'self' data:; "
    "base-uri 'none'; "
    "form-action 'none'; "
    "frame-ancestors 'none'"
)


def explorer_routes(*, persist_headers: bool) -> list[BaseRoute]:
    """Routes of the explorer: `/graphiql`, its files, and a redirect from `/`.

    Args:
        persist_headers: Keep the headers editor's content, the bearer token in it, in the
            browser's storage: handy in development, a leak on a shared machine.

    Raises:
        FileNotFoundError: The build is missing from the installation.
    """
    html = (_FILES / "index.html").read_text(encoding="utf-8")
    if persist_headers:
        html = html.replace('data-persist-headers="false"', 'data-persist-headers="true"')
    return [Route("/", _to_page), *page_routes(PAGE_PATH, _FILES, html, _POLICY)]


async def _to_page(_request: Request) -> Response:
    return RedirectResponse(PAGE_PATH)
