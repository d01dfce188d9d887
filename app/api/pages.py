"""Pages that are built ahead into `static/`, each with its files and a policy of its own."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route

STATIC = Path(__file__).parent / "static"

# Named here and not guessed: the guess depends on what the machine's registry says about suffixes.
_MEDIA_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".woff2": "font/woff2",
}


def page_routes(path: str, files: Path, html: str, policy: str) -> list[BaseRoute]:
    """The routes of a page and of its files, which are asked for below `<path>/static`.

    Args:
        path: Where the page is.
        files: The build's directory, flat.
        html: The page.
        policy: The page's Content-Security-Policy.
    """
    headers = {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }

    async def page(_request: Request) -> Response:
        # A new build has new file names, so the page itself is asked for each time.
        return HTMLResponse(html, headers={**headers, "Cache-Control": "no-cache"})

    return [Route(path, page), Route(f"{path}/static/{{name}}", _static_files(files, headers))]


def _static_files(
    directory: Path, headers: dict[str, str]
) -> Callable[[Request], Awaitable[Response]]:
    # Listed once, so that no path of a request ever reaches the file system.
    files = {
        path.name: (path, _MEDIA_TYPES[path.suffix])
        for path in directory.iterdir()
        if path.suffix in _MEDIA_TYPES
    }

    async def static_file(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in files:
            raise HTTPException(404)
        path, media_type = files[name]
        # Each name carries a hash of the content.
        lasting = {**headers, "Cache-Control": "public, max-age=31536000, immutable"}
        return FileResponse(path, media_type=media_type, headers=lasting)

    return static_file
