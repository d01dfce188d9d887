"""`GET /exports/{token}`: an archive of everything that is somebody's, to whom it is."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from app.api.encoding import encode
from app.errors import DomainError
from app.personal.archive import write_archive
from app.personal.exporting import check_ticket
from app.services import Services

PATH = "/exports"
_HEADERS = {
    "cache-control": "no-store",
    "content-disposition": 'attachment; filename="archive.zip"',
    "referrer-policy": "no-referrer",
}


def archive_routes(services: Callable[[], Services]) -> list[BaseRoute]:
    """The route; the address itself is the permission, and is checked again here."""

    async def archive(request: Request) -> Response:
        opened = services()
        try:
            user = await check_ticket(opened.accounts, request.path_params["token"])
        except DomainError as error:
            body = encode({"code": error.code, "message": error.message})
            return Response(body, status_code=401, media_type="application/json")
        blocks = write_archive(opened.eraser.stores, user)
        return StreamingResponse(blocks, media_type="application/zip", headers=_HEADERS)

    return [Route(f"{PATH}/{{token}}", archive, methods=["GET"])]
