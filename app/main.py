"""The ASGI application: routes, and the services it holds open while it runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from app.api.context import Context, make_context
from app.api.explorer import explorer_routes
from app.api.health import check_stores, health_routes
from app.api.http import graphql_routes
from app.api.schema import schema
from app.services import Services, open_services
from app.settings import Settings
from app.viewer import ANONYMOUS, Viewer


def create_app(settings: Settings | None = None) -> Starlette:
    """The application; it opens its stores when the server starts it."""
    settings = settings or Settings()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_services(settings) as services:
            app.state.services = services
            yield

    def services() -> Services:
        opened: Services = app.state.services
        return opened

    async def authenticate(token: str | None) -> Viewer:
        return ANONYMOUS if token is None else services().tokens.verify(token)

    def context(viewer: Viewer) -> Context:
        return make_context(viewer, services())

    routes = [
        *graphql_routes(schema, authenticate=authenticate, make_context=context, settings=settings),
        *health_routes(lambda: check_stores(services())),
    ]
    if settings.explorer:
        routes += explorer_routes(persist_headers=settings.environment == "development")
    app = Starlette(routes=routes, lifespan=lifespan)
    return app
