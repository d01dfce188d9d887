"""The ASGI application: routes, and the services it holds open while it runs."""

import operator
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from operator import attrgetter

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from app.api.archives import archive_routes
from app.api.call_logging import CallLogging
from app.api.callers import Callers
from app.api.charging import Charging, payer_of
from app.api.context import Context, make_context
from app.api.demo import demo_routes
from app.api.explorer import explorer_routes
from app.api.file_routes import file_routes
from app.api.health import check_stores, health_routes
from app.api.http import graphql_routes
from app.api.keys import key_routes
from app.api.lease import Presence, Stop
from app.api.logged_routes import LoggedRoutes
from app.api.rest.resource import Desk
from app.api.rest.routes import rest_routes
from app.api.schema import schema
from app.api.security_headers import internal_error, protection
from app.cache.records import Cache
from app.errors import Unauthenticated
from app.limits import Budget, Rate
from app.services import Services, open_services
from app.settings import Settings
from app.usage.api_log import ApiCall
from app.users.viewers import viewer_of
from app.viewer import Origin, Viewer


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

    async def authenticate(token: str | None, origin: Origin) -> Viewer:
        return await viewer_of(services().accounts, token, origin)

    def context(viewer: Viewer, budget: Budget | None) -> Context:
        # Of each event of a subscription too: what its viewer may see ends with the session.
        services().accounts.guard.check_now(viewer.session_id)
        return make_context(viewer, services(), budget)

    def watch(viewer: Viewer, told: Callable[[Unauthenticated], None]) -> Stop:
        unwatch = services().accounts.guard.watch(viewer.session_id, told)
        let_go = services().leases.hold(viewer.user_id)

        def stop() -> None:
            unwatch()
            let_go()

        return stop

    presence = Presence(attrgetter("expires_at"), watch, operator.eq)

    def rate_of(viewer: Viewer, rate: Rate) -> Rate:
        is_service = viewer.role == "service"
        return replace(rate, amount=settings.service_rate_limit) if is_service else rate

    charging = Charging(lambda: services().limiter, _rate(settings), rate_of, payer_of)
    callers = Callers(authenticate, settings, charging)

    def note(call: ApiCall) -> None:
        services().calls.note(call)

    logging = CallLogging(note, attrgetter("user_id")) if settings.api_log else None

    routes = [
        *graphql_routes(
            schema,
            authenticate=authenticate,
            make_context=context,
            settings=settings,
            charging=charging,
            presence=presence,
            logging=logging,
        ),
        *rest_routes(Desk(callers, context, settings)),
        *file_routes(Desk(callers, context, settings)),
        *archive_routes(services),
        *key_routes(lambda: services().tokens),
        *health_routes(lambda: check_stores(services()), lambda: _cache(services())),
        *_pages(settings),
    ]
    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[*protection(settings), Middleware(LoggedRoutes, logging=logging)],
        exception_handlers={Exception: partial(internal_error, settings)},
    )
    return app


def _cache(services: Services) -> Cache | None:
    return None if services.cached is None else services.cached.cache


def _pages(settings: Settings) -> list[BaseRoute]:
    routes = []
    if settings.explorer:
        routes += explorer_routes(persist_headers=settings.environment == "development")
    if settings.demo:
        routes += demo_routes()
    return routes


def _rate(settings: Settings) -> Rate | None:
    if not settings.rate_limit:
        return None
    return Rate("operations", settings.rate_limit, settings.rate_limit_window)
