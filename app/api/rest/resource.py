"""A REST address: who calls is admitted and charged as in GraphQL, and refused in RFC 9457's form.

Cross-site requests: as for GraphQL, no cookie is read, and what writes must be `application/json`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.api.body import ClientGone, check_json, read_body
from app.api.call_logging import CLIENT_GONE
from app.api.callers import Callers, client_address
from app.api.charging import Charge, paid_if_refused
from app.api.context import Context
from app.api.encoding import encode
from app.api.execution import MakeContext
from app.api.failures import Refusal, refuse_exception, refuse_transport, timed_out
from app.api.logged_routes import call_of
from app.api.parameters import parse_json
from app.api.rest.models import Problem
from app.errors import ErrorCode, Invalid
from app.settings import Settings

PROBLEM = "application/problem+json"
# What a request costs that is refused before it has paid, in points.
REFUSED = 100

# GraphQL has data for these, and so no status.
_STATUS = {
    ErrorCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.CONFLICT: HTTPStatus.CONFLICT,
    # As draft-ietf-httpapi-idempotency-key-header has it.
    ErrorCode.CLIENT_KEY_REUSED: HTTPStatus.UNPROCESSABLE_ENTITY,
}
_UNCACHED = {"cache-control": "no-store", "vary": "authorization"}

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Desk:
    """What answers need, whatever the address.

    Attributes:
        callers: Knows who calls.
        make_context: A context with fresh loaders for a viewer, and what is left of their budget.
        settings: Their limits.
    """

    callers: Callers
    make_context: MakeContext
    settings: Settings


@dataclass(slots=True)
class Call:
    """One request, whose caller is known."""

    desk: Desk
    viewer: Any
    charge: Charge | None
    scope: Scope
    headers: Headers
    receive: Receive

    async def paid(self, cost: int) -> Context:
        """A context with fresh loaders, once the caller has paid so many points.

        Raises:
            RateLimited: Fewer are left.
        """
        if self.charge is not None:
            await self.charge.pay(cost)
        budget = None if self.charge is None else self.charge.budget
        context: Context = self.desk.make_context(self.viewer, budget)
        return context

    def query(self, model: type[M]) -> M:
        """What the URL asks for.

        Raises:
            Refusal: 400: not UTF-8, or a parameter given twice.
            Invalid: A parameter is unknown or breaks its rule.
        """
        try:
            text = self.scope["query_string"].decode("ascii")
            pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=50)
        except ValueError:
            raise refuse_transport(400, "The URL's query is not UTF-8, or too long.") from None
        given = dict(pairs)
        if len(given) < len(pairs):
            raise refuse_transport(400, "The URL gives a parameter twice.")
        return _checked(model, given)

    async def body(self, model: type[M]) -> M:
        """What the body holds.

        Raises:
            Refusal: It is no JSON, too large, or not there in time.
            Invalid: It breaks a rule.
        """
        check_json(self.headers)
        settings = self.desk.settings
        limit, seconds = settings.max_body_bytes, settings.body_timeout
        body = await read_body(self.headers, self.receive, limit, seconds)
        return _checked(model, parse_json(body, "The body"))


Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Resource:
    """What stands at an address; an ASGI application, so that Starlette passes all methods.

    Attributes:
        desk: What its answers need.
        methods: What answers, by HTTP method.
        seconds: How long an answer may take; None where it limits itself.
    """

    desk: Desk
    methods: Mapping[str, Handler]
    seconds: float | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a client that is gone gets nothing."""
        charge = self.desk.callers.charge(client_address(scope))
        logged = call_of(scope)
        try:
            response = await self._answer(scope, receive, charge)
        except ClientGone:
            logged.status = CLIENT_GONE
            return
        except Exception as error:  # noqa: BLE001 - the last place where it can still be answered
            refusal = refuse_exception(error)
            logged.refused(refusal)
            response = problem(refusal)
        if charge is not None:
            response.headers.update(charge.headers())
        await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, charge: Charge | None) -> Response:
        handler = self.methods.get(scope["method"])
        if handler is None:
            allowed = ", ".join(self.methods)
            message = f"This address takes {allowed}."
            raise refuse_transport(405, message, headers={"allow": allowed})
        headers = Headers(scope=scope)
        viewer = await self.desk.callers.admit(scope, headers, charge)
        call_of(scope).viewer = viewer
        call = Call(self.desk, viewer, charge, scope, headers, receive)
        async with paid_if_refused(charge, REFUSED):
            try:
                async with asyncio.timeout(self.seconds):
                    return await handler(call)
            except TimeoutError as error:
                raise timed_out() from error
            except Refusal:
                raise
            except Exception as error:
                raise refuse_exception(error) from error


def answer(model: BaseModel, status: int = HTTPStatus.OK) -> Response:
    """A model as JSON."""
    body = encode(model.model_dump(mode="json", by_alias=True))
    return Response(body, status, _UNCACHED, "application/json")


def problem(error: Exception) -> Response:
    """What is answered where an exception kept a request from its answer."""
    refusal = refuse_exception(error)
    said = refusal.errors[0]
    extensions = said["extensions"]
    status = HTTPStatus(_STATUS.get(extensions["code"], refusal.status))
    words = Problem(
        title=status.phrase, status=status, detail=said["message"], **extensions
    ).model_dump(by_alias=True, exclude_none=True)
    return Response(encode(words), status, {**_UNCACHED, **refusal.headers}, PROBLEM)


def _checked(model: type[M], given: object) -> M:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        # Pydantic quotes the names that a client gave.
        where = [str(part)[:100] for part in first["loc"]]
        raise Invalid(f"{first['msg']}.", field=where or None) from None
