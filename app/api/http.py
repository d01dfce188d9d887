"""GraphQL over HTTP, by its specification, straight on ASGI: nothing between it and the engine.

Cross-site requests: no cookie is read, so a page of another origin can send no credentials of its
visitor's. A POST must be `application/json`, which such a page cannot send without asking first;
a GET runs queries only, which change nothing, and another origin cannot read its answer. So GET
needs no special header.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import strawberry
from graphql import OperationType
from starlette.datastructures import Headers
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from app.api.body import ClientGone, check_json, read_body, wait_for_disconnect
from app.api.call_logging import CLIENT_GONE, Call, CallLogging
from app.api.callers import Authenticate, client_address, origin_of
from app.api.charging import (
    REFUSED_DOCUMENT,
    Charge,
    Charging,
    paid_if_refused,
)
from app.api.encoding import encode
from app.api.execution import Engine, MakeContext, make_engine, respond
from app.api.explorer import PAGE_PATH
from app.api.failures import Refusal, refuse_exception, refuse_transport
from app.api.lease import Presence
from app.api.negotiation import JSON, prefers_html, response_type
from app.api.parameters import Parameters, parameters_from_body, parameters_from_url
from app.api.websocket import serve_socket
from app.settings import Settings

# What a URL's query may hold as it is; the rest is percent-encoded where it goes into a header.
_URL_CHARACTERS = "%=&+/?:;,@!$'()*~"
# Seconds; a quicker query is not worth a second task that watches its connection.
_WATCH_AFTER = 0.05


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over HTTP."""

    status: int
    body: bytes = b""
    media_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


def graphql_routes(
    schema: strawberry.Schema,
    *,
    authenticate: Authenticate,
    make_context: MakeContext,
    settings: Settings,
    charging: Charging | None = None,
    presence: Presence | None = None,
    logging: CallLogging | None = None,
) -> list[BaseRoute]:
    """The routes of `/graphql`: HTTP and `graphql-transport-ws`.

    Args:
        schema: The schema to serve.
        authenticate: The viewer of a bearer token, or of None where none was sent; raises
            `Unauthenticated` for a token that does not hold.
        make_context: A context with fresh loaders for that viewer.
        settings: Their limits, and whether the explorer is on.
        charging: How callers are charged.
        presence: How long viewers on sockets stay signed in.
        logging: How calls are logged.
    """
    engine = make_engine(
        schema,
        authenticate=authenticate,
        make_context=make_context,
        settings=settings,
        charging=charging,
        presence=presence,
        logging=logging,
    )
    return [
        WebSocketRoute("/graphql", serve_socket(engine)),
        Route("/graphql", GraphQLOverHTTP(engine)),
    ]


@dataclass(frozen=True, slots=True)
class GraphQLOverHTTP:
    """The ASGI application of GraphQL over HTTP; a class, so that Starlette passes all methods."""

    engine: Engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a client that is gone gets nothing."""
        origin = origin_of(client_address(scope), Headers(scope=scope))
        call = self.engine.call(scope["method"], origin)
        try:
            answer = await _answer(self.engine, scope, receive, call)
            call.status = answer.status
        except ClientGone:
            call.status = CLIENT_GONE
            return
        finally:
            call.end()
        headers = {
            "content-type": f"{answer.media_type}; charset=utf-8",
            "content-length": str(len(answer.body)),
            "cache-control": "no-store",
            "vary": "accept",
            "x-content-type-options": "nosniff",
            **answer.headers,
        }
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        await send({"type": "http.response.body", "body": answer.body})


async def _answer(engine: Engine, scope: Scope, receive: Receive, call: Call) -> Answer:
    headers = Headers(scope=scope)
    accept = ",".join(headers.getlist("accept"))
    if scope["method"] == "GET" and engine.settings.explorer and prefers_html(accept):
        query = quote(scope["query_string"], safe=_URL_CHARACTERS)
        location = f"{PAGE_PATH}?{query}" if query else PAGE_PATH
        return Answer(HTTPStatus.SEE_OTHER, headers={"location": location})
    media_type = response_type(accept)
    charge = engine.callers.charge(client_address(scope))
    try:
        _check_request(scope["method"], headers, media_type)
        body = await _execute(engine, scope, headers, receive, charge=charge, call=call)
        answer = Answer(HTTPStatus.OK, body, media_type or JSON)
    except ClientGone:
        raise
    except Exception as error:  # noqa: BLE001 - the last place where it can still be answered
        refusal = refuse_exception(error)
        call.refused(refusal)
        answer = _refused(refusal, media_type or JSON)
    if charge is not None:
        answer.headers.update(charge.headers())
    return answer


def _check_request(method: str, headers: Headers, media_type: str | None) -> None:
    if method not in {"GET", "POST"}:
        raise _method_refused("Send GraphQL by POST, or a query by GET.", "GET, POST")
    if media_type is None:
        raise refuse_transport(406, f"Nothing here is served as that; accept {JSON}.")
    if method == "POST":
        check_json(headers)


async def _execute(
    engine: Engine,
    scope: Scope,
    headers: Headers,
    receive: Receive,
    *,
    charge: Charge | None,
    call: Call,
) -> bytes:
    viewer = await engine.callers.admit(scope, headers, charge)
    call.viewer = viewer
    async with paid_if_refused(charge, REFUSED_DOCUMENT):
        parameters = await _parameters(engine, scope, headers, receive)
        operation = engine.documents.requested(parameters)
        call.named(operation.name)
        if operation.kind is OperationType.SUBSCRIPTION:
            message = "Subscriptions run over WebSocket, as graphql-transport-ws."
            raise refuse_transport(400, message)
        if operation.kind is OperationType.MUTATION and scope["method"] == "GET":
            raise _method_refused("A mutation must be sent by POST.", "POST")
        running = respond(engine, operation, parameters.variables, viewer, charge, call=call)
        is_query = operation.kind is OperationType.QUERY
        return await (_unless_gone(running, receive) if is_query else running)


def _refused(refusal: Refusal, media_type: str) -> Answer:
    # Clients of application/json may read any other status as no GraphQL response at all.
    well_formed = media_type == JSON and not refusal.in_transport
    status = HTTPStatus.OK if well_formed else refusal.status
    return Answer(status, encode({"errors": refusal.errors}), media_type, dict(refusal.headers))


def _method_refused(message: str, allowed: str) -> Refusal:
    return refuse_transport(405, message, headers={"allow": allowed})


async def _parameters(
    engine: Engine, scope: Scope, headers: Headers, receive: Receive
) -> Parameters:
    if scope["method"] == "GET":
        return parameters_from_url(scope["query_string"])
    limit, deadline = engine.settings.max_body_bytes, engine.settings.body_timeout
    return parameters_from_body(await read_body(headers, receive, limit, deadline))


async def _unless_gone(running: Coroutine[Any, Any, bytes], receive: Receive) -> bytes:
    """The response, or ClientGone as soon as nobody is left to read it.

    Only for queries: a mutation that began is finished, whoever listens.
    """
    loop = asyncio.get_running_loop()
    current = asyncio.current_task()
    watch: asyncio.Task[None] | None = None
    gone = False

    async def stop_when_gone() -> None:
        nonlocal gone
        await wait_for_disconnect(receive)
        gone = True
        if current is not None:
            current.cancel()

    def start_watching() -> None:
        nonlocal watch
        watch = loop.create_task(stop_when_gone())

    # A timer costs a fraction of a task, and most queries end before it.
    timer = loop.call_later(_WATCH_AFTER, start_watching)
    try:
        return await running
    except asyncio.CancelledError:
        if gone and current is not None and not current.uncancel():
            raise ClientGone from None
        raise
    finally:
        timer.cancel()
        if watch is not None:
            watch.cancel()
