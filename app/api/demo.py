"""The demo's page: a chat over the public API, for people to try and for programmers to read.

The files in `static/demo` are built by `make demo` from the npm project in `demo/`.
"""

from starlette.routing import BaseRoute

from app.api.pages import STATIC, page_routes

PAGE_PATH = "/demo"

_FILES = STATIC / "demo"

# Pictures of people and attachments may be anywhere on the web; nothing else is.
_POLICY = (
    "default-src 'none'; "
    "script-src 'self'; "
    "connect-src 'self'; "
    "style-src 'self'; "
    "img-src 'self' https: data: blob:; "
    "media-src 'self' https:; "
    "base-uri 'none'; "
    "form-action 'none'; "
    "frame-ancestors 'none'"
)


def demo_routes() -> list[BaseRoute]:
    """Routes of the demo: `/demo` and its files.

    Raises:
        FileNotFoundError: The build is missing from the installation.
    """
    html = (_FILES / "index.html").read_text(encoding="utf-8")
    return page_routes(PAGE_PATH, _FILES, html, _POLICY)
