"""Running a validated operation: the one place where another executor takes over."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeGuard, cast

import strawberry
from graphql import ExecutionResult, GraphQLSchema, OperationType
from graphql.execution import Executor, create_source_event_stream
from strawberry.execution import optimized_is_awaitable

from app.api.call_logging import Call, CallLogging
from app.api.callers import Authenticate, Callers
from app.api.charging import MUTATION, Charge, Charging
from app.api.documents import Documents, Operation
from app.api.encoding import encode, guard_scalars
from app.api.failures import (
    BAD_USER_INPUT,
    COST_LIMIT,
    FormattedError,
    Refusal,
    coded,
    field_errors,
    refuse,
    refuse_exception,
    timed_out,
)
from app.api.lease import Presence
from app.api.query_cost import cost
from app.limits import Budget
from app.settings import Settings
from app.viewer import Origin

Variables = dict[str, Any]
# A viewer and a context are the application's: nothing here looks inside them.
MakeContext = Callable[[Any, Budget | None], Any]
_IsAwaitable = Callable[[Any], TypeGuard[Awaitable[Any]]]


@dataclass(frozen=True, slots=True)
class Engine:
    """What it takes to answer a request, whatever carried it.

    Attributes:
        executor_class: Builds graphql-core's executor with what Strawberry's resolvers expect.
        callers: Knows who asks, and lets them pay.
        make_context: A context with fresh loaders for a viewer, and what is left of their budget;
            called once for each operation and for each event of a subscription, so that none
            reads what another has cached.
        presence: How long a viewer on a socket stays signed in; None for as long as it is open.
        sockets: How many are open, by whose they are.
        logging: How calls are logged; None for not at all.
    """

    schema: GraphQLSchema
    executor_class: type[Executor[Any]]
    documents: Documents
    callers: Callers
    make_context: MakeContext
    settings: Settings
    sockets: Counter[str] = field(default_factory=Counter)
    presence: Presence | None = None
    logging: CallLogging | None = None

    def call(self, method: str, origin: Origin) -> Call:
        """What is logged of a call that begins now."""
        return Call(self.logging, method, origin)


def make_engine(
    schema: strawberry.Schema,
    *,
    authenticate: Authenticate,
    make_context: MakeContext,
    settings: Settings,
    charging: Charging | None = None,
    presence: Presence | None = None,
    logging: CallLogging | None = None,
) -> Engine:
    """The engine of a Strawberry schema, whose custom scalars it makes refuse NaN."""
    core = schema._schema  # noqa: SLF001 - Strawberry has no public name for it
    guard_scalars(core)
    return Engine(
        schema=core,
        executor_class=schema.execution_context_class,
        documents=Documents(core, settings),
        callers=Callers(authenticate, settings, charging),
        make_context=make_context,
        settings=settings,
        presence=presence,
        logging=logging,
    )


async def respond(
    engine: Engine,
    operation: Operation,
    variables: Variables,
    viewer: Any,
    charge: Charge | None = None,
    *,
    call: Call | None = None,
) -> bytes:
    """Run a query or a mutation to its response, as JSON, and let the log know its first error.

    Raises:
        Refusal: The variables do not fit, nothing is left to pay with, it took too long, or it
            has no JSON form.
    """
    try:
        executor = await _executor(engine, operation, variables, viewer, charge)
        async with asyncio.timeout(engine.settings.operation_timeout):
            return await _complete(executor.execute_operation(), call)
    except TimeoutError as error:
        raise timed_out() from error
    except Exception as error:
        raise refuse_exception(error) from error


async def stream(
    engine: Engine,
    operation: Operation,
    variables: Variables,
    viewer: Any,
    charge: Charge | None = None,
    *,
    call: Call | None = None,
    current: Callable[[], Any] | None = None,
) -> AsyncGenerator[bytes, None]:
    """Run a subscription: one response, as JSON, for each event of its source.

    Who the viewer is now is asked of `current` for each event: their token may have been renewed.

    The next event is asked for when the caller asks for it, so that a slow reader holds one
    response and not a queue. Closing the generator closes the source.

    Raises:
        Refusal: The variables do not fit, nothing is left to pay with, or the source failed, at
            its start or midway.
    """
    timeout = engine.settings.operation_timeout
    try:
        executor = await _executor(engine, operation, variables, viewer, charge)
        budget = None if charge is None else charge.budget
        async with asyncio.timeout(timeout):
            source = create_source_event_stream(executor)
            if executor.is_awaitable(source):
                source = await source
        if isinstance(source, ExecutionResult):
            raise Refusal(field_errors(source.errors or ()))  # noqa: TRY301
        events = cast("AsyncIterable[Any]", source)
        try:
            async for event in events:
                # Of the whole subscription only the root value and the context change.
                per_event = executor.build_per_event_executor(event)
                viewer = viewer if current is None else current()
                per_event.context_value = engine.make_context(viewer, budget)
                async with asyncio.timeout(timeout):
                    response = await _complete(per_event.execute_operation(serially=False), call)
                yield response
        finally:
            if isinstance(events, AsyncGenerator):
                await events.aclose()
    except TimeoutError as error:
        raise timed_out() from error
    except Exception as error:
        raise refuse_exception(error) from error


async def _executor(
    engine: Engine,
    operation: Operation,
    variables: Variables,
    viewer: Any,
    charge: Charge | None,
) -> Executor[Any]:
    built = engine.executor_class.build(
        engine.schema,
        operation.document,
        raw_variable_values=variables,
        operation_name=operation.name,
        is_awaitable=cast("_IsAwaitable", optimized_is_awaitable),
        hide_suggestions=engine.settings.environment == "production",
        operation_extensions=None,
    )
    if isinstance(built, list):
        raise Refusal(coded(built, BAD_USER_INPUT))
    limit = engine.settings.max_query_cost
    if charge is not None or operation.max_cost > limit:
        points = _cost(engine, operation, built.variable_values.coerced, limit)
        if charge is not None:
            await charge.pay(points)
    budget = None if charge is None else charge.budget
    built.context_value = engine.make_context(viewer, budget)
    return built


def _cost(engine: Engine, operation: Operation, variables: Variables, limit: int) -> int:
    points = operation.max_cost
    if operation.cost_varies:
        points = cost(engine.schema, operation.document, operation.node, variables)
    if points > limit:
        message = f"The response could cost over {limit:,} values; ask for shorter pages."
        raise refuse(COST_LIMIT, message)
    return points + MUTATION if operation.kind is OperationType.MUTATION else points


async def _complete(pending: Any, call: Call | None) -> bytes:
    result = await pending if optimized_is_awaitable(pending) else pending
    response: dict[str, Any] = {"data": result.data}
    if result.errors:
        errors: list[FormattedError] = field_errors(result.errors)
        if call is not None:
            call.failed(errors)
        response = {"errors": errors, **response}
    return encode(response)
