"""The explorer's page: GraphiQL from our own files, so that it works without a network.

The files in `static/explorer` are built by `make explorer` from the npm project in `explorer/`.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

PAGE_PATH = "/graphiql"

_FILES = Path(__file__).parent / "static" / "explorer"

# Named here and not guessed: the guess depends on what the machine's registry says about suffixes.
_MEDIA_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".woff2": "font/woff2",
}

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

_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def explorer_routes(*, persist_headers: bool) -> list[BaseRoute]:
    """Routes of the explorer: `/graphiql`, its files, and a redirect from `/`.

    Args:
        persist_headers: Keep the headers editor's content, the bearer token in it, in the
            browser's storage: handy in development, a leak on a shared machine.

    Raises:
        FileNotFoundError: The build is missing from the installation.
    """
    return [
        Route("/", _to_page),
        Route(PAGE_PATH, _page(persist_headers=persist_headers)),
        Route(f"{PAGE_PATH}/static/{{name}}", _static_files()),
    ]


async def _to_page(_request: Request) -> Response:
    return RedirectResponse(PAGE_PATH)


def _page(*, persist_headers: bool) -> Callable[[Request], Awaitable[Response]]:
    html = (_FILES / "index.html").read_text(encoding="utf-8")
    if persist_headers:
        html = html.replace('data-persist-headers="false"', 'data-persist-headers="true"')

    async def page(_request: Request) -> Response:
        # A new build has new file names, so the page itself is asked for each time.
        return HTMLResponse(html, headers={**_HEADERS, "Cache-Control": "no-cache"})

    return page


def _static_files() -> Callable[[Request], Awaitable[Response]]:
    # Listed once, so that no path of a request ever reaches the file system.
    files = {
        path.name: (path, _MEDIA_TYPES[path.suffix])
        for path in _FILES.iterdir()
        if path.suffix in _MEDIA_TYPES
    }

    async def static_file(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in files:
            raise HTTPException(404)
        path, media_type = files[name]
        # Each name carries a hash of the content.
        headers = {**_HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}
        return FileResponse(path, media_type=media_type, headers=headers)

    return static_file
