"""GraphQL over WebSocket: `graphql-transport-ws`, and nothing else.

The older sub-protocol `graphql-ws` could be used to start operations before authenticating; it is
not offered, and a client that offers only it is closed with 4406.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import aclosing, suppress
from datetime import datetime
from typing import Any, NamedTuple

from graphql import OperationType
from starlette.datastructures import Headers
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.api.call_logging import WEBSOCKET, Call
from app.api.callers import origin_of
from app.api.charging import (
    REFUSED_DOCUMENT,
    REFUSED_TOKEN,
    Charge,
    paid_if_refused,
)
from app.api.documents import Operation
from app.api.execution import Engine, Variables, respond, stream
from app.api.failures import TOO_MANY_OPERATIONS, Refusal, refuse, refuse_exception
from app.api.lease import RESUME, Lease
from app.api.socket_messages import (
    Complete,
    ProtocolError,
    Simple,
    Subscribe,
    read_message,
    write_ack,
    write_complete,
    write_error,
    write_next,
    write_ping,
    write_pong,
)
from app.errors import Unauthenticated
from app.request import begin_request

SUBPROTOCOL = "graphql-transport-ws"
_GOING_AWAY = 1001
_TOO_BIG = 1009
_TRY_AGAIN_LATER = 1013
# How long a close may wait behind what the peer has not read yet.
_CLOSE_TIMEOUT = 1.0
# Seconds that a dropped operation has to clean up before it is cancelled again.
_INSIST = 1.0


def serve_socket(engine: Engine) -> Callable[[WebSocket], Awaitable[None]]:
    """The WebSocket endpoint of an engine."""

    async def endpoint(websocket: WebSocket) -> None:
        if not _is_allowed_origin(websocket.headers, engine.settings.allowed_origins):
            await websocket.close()  # before accepting, which ASGI makes a 403
            return
        if SUBPROTOCOL not in websocket.scope["subprotocols"]:
            await websocket.accept()
            await websocket.close(4406, "Subprotocol not acceptable")
            return
        await websocket.accept(SUBPROTOCOL)
        await _Socket(engine, websocket).run()

    return endpoint


def _is_allowed_origin(headers: Headers, allowed: tuple[str, ...]) -> bool:
    # Browsers always send it and other clients need not; pages elsewhere could otherwise use
    # what a visitor's network or address lets through.
    origin = headers.get("origin")
    if origin is None:
        return True
    if allowed:
        return origin.lower() in {one.lower().rstrip("/") for one in allowed}
    _, scheme_end, host = origin.partition("://")
    return bool(scheme_end) and host.lower() == headers.get("host", "").lower()


class _Running(NamedTuple):
    """An operation under way; one that writes is finished even if its client leaves."""

    task: asyncio.Task[None]
    writes: bool


class _Socket:
    """One connection: its viewer, and the operations that run on it."""

    def __init__(self, engine: Engine, websocket: WebSocket) -> None:
        self._engine = engine
        self._settings = engine.settings
        self._websocket = websocket
        client = websocket.client
        self._address = None if client is None else client.host
        self._origin = origin_of(self._address, websocket.headers)
        self._viewer: Any = None
        self._lease = Lease(
            engine.presence,
            engine.settings.socket_expiry_warning,
            warn=self._warn,
            sign_out=self._sign_out,
        )
        self._telling: set[asyncio.Task[None]] = set()
        # Under which this socket is counted, once it is known whose it is.
        self._owner: str | None = None
        self._acknowledged = False
        self._operations: dict[str, _Running] = {}
        # What was dropped and has not ended: mutations that finish, sources that clean up.
        self._ending: set[asyncio.Task[None]] = set()
        self._reader: asyncio.Task[None] | None = None
        self._failure: ProtocolError | None = None

    async def run(self) -> None:
        """Serve until either side closes; then stop what runs, mutations excepted."""
        self._reader = asyncio.create_task(self._read())
        try:
            await asyncio.wait({self._reader})
            error = None if self._reader.cancelled() else self._reader.exception()
            if error is not None and not isinstance(error, WebSocketDisconnect):
                self._failure = _closing(error)
        except asyncio.CancelledError:
            self._failure = ProtocolError(_GOING_AWAY, RESUME)
            raise
        finally:
            self._reader.cancel()
            self._lease.end()
            self._uncount()
            for operation_id in list(self._operations):
                self._drop(operation_id)
            if self._failure is not None:
                await self._close(self._failure)
            if self._ending:
                await asyncio.wait(self._ending)

    async def _read(self) -> None:
        deadline = asyncio.get_running_loop().time() + self._settings.socket_init_timeout
        while True:
            try:
                async with asyncio.timeout_at(None if self._acknowledged else deadline):
                    frame = await self._websocket.receive()
            except TimeoutError:
                raise ProtocolError(4408, "Connection initialisation timeout") from None
            if frame["type"] == "websocket.disconnect":
                return
            text = frame.get("text")
            if text is None:
                raise ProtocolError(4400, "Invalid message: binary frames are not JSON text")
            if len(text) > self._settings.socket_max_message_bytes:
                raise ProtocolError(_TOO_BIG, "Message too big")
            await self._handle(read_message(text))

    async def _handle(self, message: Simple | Subscribe | Complete) -> None:
        match message:
            case Simple(type="connection_init"):
                await self._initialise(message.payload or {})
            case Simple(type="ping"):
                await self._pong(message.payload or {}, message.payload)
            case Subscribe():
                await self._start(message)
            case Complete():
                self._drop(message.id)
            case _:
                pass  # a pong, which has done its work by coming

    async def _initialise(self, payload: dict[str, Any]) -> None:
        if self._acknowledged:
            raise ProtocolError(4429, "Too many initialisation requests")
        # Browsers cannot set the handshake's headers: theirs comes in the payload.
        authorization = payload.get("Authorization", payload.get("authorization"))
        if authorization is None:
            authorization = self._websocket.headers.get("authorization")
        try:
            self._viewer = await self._engine.callers.viewer(authorization, self._origin)
        except Refusal as refusal:
            code, reason = (4403, "Forbidden") if refusal.status == 401 else (4500, str(refusal))
            raise ProtocolError(code, reason) from refusal
        self._count()
        self._acknowledged = True
        self._lease.renew(self._viewer)
        await self._send(write_ack())

    async def _pong(self, payload: dict[str, Any], echoed: dict[str, Any] | None) -> None:
        authorization = payload.get("Authorization", payload.get("authorization"))
        if authorization is None or not self._acknowledged:
            await self._send(write_pong(echoed))
            return
        # A token that does not hold is no reason to close: the one before it may still do.
        try:
            async with paid_if_refused(self._engine.callers.charge(self._address), REFUSED_TOKEN):
                viewer = await self._engine.callers.viewer(authorization, self._origin)
        except Refusal as refusal:
            await self._send(write_pong({"errors": refusal.errors}))
            return
        if not self._lease.may_renew(self._viewer, viewer):
            raise ProtocolError(4403, "Forbidden: the new token is another user's")
        self._viewer = viewer
        expires_at = self._lease.renew(viewer)
        await self._send(write_pong({"expiresAt": expires_at}))

    def _warn(self, expires_at: datetime) -> None:
        self._tell(self._send(write_ping({"type": "TOKEN_EXPIRES", "expiresAt": expires_at})))

    def _sign_out(self, error: Unauthenticated, reason: str) -> None:
        self._tell(self._leave(error, reason))

    def _tell(self, telling: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_unless_gone(telling))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _leave(self, error: Unauthenticated, reason: str) -> None:
        reading = [i for i, running in self._operations.items() if not running.writes]
        writing = {running.task for running in self._operations.values() if running.writes}
        for operation_id in reading:
            self._drop(operation_id)  # before anything is awaited: not one event more
        with suppress(TimeoutError, WebSocketDisconnect):
            async with asyncio.timeout(_CLOSE_TIMEOUT):
                for operation_id in reading:
                    await self._send(write_error(operation_id, refuse_exception(error).errors))
                if writing:  # it may be what signed out, and its client wants to hear of it
                    await asyncio.wait(writing)
        self._failure = ProtocolError(4403, reason)
        if self._reader is not None:
            self._reader.cancel()

    def _count(self) -> None:
        charging, sockets = self._engine.callers.charging, self._engine.sockets
        if charging is None:
            return
        owner = charging.payer(self._viewer, self._address)
        limit = self._settings.socket_max_per_user
        if sockets[owner] >= limit:
            raise ProtocolError(_TRY_AGAIN_LATER, f"At most {limit} sockets may be open at once")
        sockets[owner] += 1
        self._owner = owner

    def _uncount(self) -> None:
        if self._owner is not None:
            self._engine.sockets[self._owner] -= 1
            if not self._engine.sockets[self._owner]:
                del self._engine.sockets[self._owner]
            self._owner = None

    async def _start(self, message: Subscribe) -> None:
        if not self._acknowledged:
            raise ProtocolError(4401, "Unauthorized")
        if message.id in self._operations:
            raise ProtocolError(4409, f"Subscriber for {message.id} already exists")
        limit, parameters = self._settings.socket_max_operations, message.parameters
        charge = self._engine.callers.charge(self._address)
        call = self._engine.call(WEBSOCKET, self._origin)
        call.viewer = self._viewer
        try:
            if charge is not None:
                charge.of(self._viewer)
            if len(self._operations) + len(self._ending) >= limit:
                text = f"At most {limit} operations may run on one socket; open another."
                raise refuse(TOO_MANY_OPERATIONS, text)  # noqa: TRY301
            async with paid_if_refused(charge, REFUSED_DOCUMENT):
                operation = self._engine.documents.requested(parameters)
        except Exception as error:  # noqa: BLE001 - this operation fails, and the socket lives
            refusal = refuse_exception(error)
            call.refused(refusal)
            call.end()
            await self._send(write_error(message.id, refusal.errors))
            return
        call.named(operation.name)
        running = self._operate(message.id, operation, parameters.variables, charge, call)
        task = asyncio.create_task(running)
        self._operations[message.id] = _Running(task, operation.kind is OperationType.MUTATION)

    def _drop(self, operation_id: str) -> None:
        running = self._operations.pop(operation_id, None)
        if running is None:
            return  # it ended by itself, and the two messages crossed
        self._ending.add(running.task)
        running.task.add_done_callback(self._ending.discard)
        if not running.writes:
            _insist(running.task)

    async def _operate(
        self,
        operation_id: str,
        operation: Operation,
        variables: Variables,
        charge: Charge | None,
        call: Call,
    ) -> None:
        begin_request()
        with suppress(WebSocketDisconnect):
            try:
                async with paid_if_refused(charge, REFUSED_DOCUMENT):
                    await self._send_responses(operation_id, operation, variables, charge, call)
                last = write_complete(operation_id)
            except WebSocketDisconnect:
                raise
            except Exception as error:  # noqa: BLE001 - this operation fails, and the socket lives
                refusal = refuse_exception(error)
                call.refused(refusal)
                last = write_error(operation_id, refusal.errors)
            finally:
                call.end()
            if self._is_heard(operation_id):
                # Free before the client can know it, so that it may use the id again.
                del self._operations[operation_id]
                await self._send(last)

    async def _send_responses(
        self,
        operation_id: str,
        operation: Operation,
        variables: Variables,
        charge: Charge | None,
        call: Call,
    ) -> None:
        if operation.kind is OperationType.SUBSCRIPTION:
            engine, viewer = self._engine, self._viewer
            responses = stream(
                engine,
                operation,
                variables,
                viewer,
                charge,
                call=call,
                current=lambda: self._viewer,
            )
            async with aclosing(responses):
                async for response in responses:
                    if not self._is_heard(operation_id):
                        return  # its cancellation was lost; see `_insist`
                    await self._send(write_next(operation_id, response))
        else:
            response = await respond(
                self._engine, operation, variables, self._viewer, charge, call=call
            )
            if self._is_heard(operation_id):
                await self._send(write_next(operation_id, response))

    def _is_heard(self, operation_id: str) -> bool:
        # The client may have completed it, and even begun another of the same id.
        running = self._operations.get(operation_id)
        return running is not None and running.task is asyncio.current_task()

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(self._settings.socket_send_timeout):
                await self._websocket.send({"type": "websocket.send", "text": text})
        except TimeoutError:
            self._failure = ProtocolError(_TRY_AGAIN_LATER, RESUME)
            if self._reader is not None:
                self._reader.cancel()
            raise WebSocketDisconnect from None
        except RuntimeError:  # the server has closed the socket under us
            raise WebSocketDisconnect from None

    async def _close(self, failure: ProtocolError) -> None:
        # A peer that is gone, or reads nothing, cannot be told.
        with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
            async with asyncio.timeout(_CLOSE_TIMEOUT):
                await self._websocket.close(failure.code, failure.reason)


async def _unless_gone(telling: Coroutine[Any, Any, None]) -> None:
    with suppress(WebSocketDisconnect):
        await telling


def _insist(task: asyncio.Task[None]) -> None:
    """Cancel a task until it ends: drivers lose a cancellation that comes with what they awaited.

    So does Python 3.11's own `asyncio.wait_for`.
    """
    if not task.done():
        task.cancel()
        asyncio.get_running_loop().call_later(_INSIST, _insist, task)


def _closing(error: BaseException) -> ProtocolError:
    if isinstance(error, ProtocolError):
        return error
    refusal = refuse_exception(error if isinstance(error, Exception) else RuntimeError(str(error)))
    return ProtocolError(4500, str(refusal))
