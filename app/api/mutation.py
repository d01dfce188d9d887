"""Mutations' common shape: a payload, errors as data, and a client key in every input."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import wraps
from typing import Any, TypeVar

import strawberry
from strawberry import Maybe

from app.api import enums  # noqa: F401 - makes ErrorCode a type of the schema
from app.errors import Deadlocked, DomainError, ErrorCode, Required
from app.media import Attachment, AttachmentType

_AGAIN = 2  # times that a mutation runs again, because another one was let go first


@strawberry.type(description="Why a mutation was refused; nothing was changed.")
class UserError:
    """A `DomainError`, as the client sees it."""

    code: ErrorCode = strawberry.field(description="The reason, for programs.")
    message: str = strawberry.field(description="The reason, for people.")
    field: list[str] | None = strawberry.field(
        description="The path of the argument at fault, such as `input`, `title`; null if none is."
    )


@strawberry.type(description="What came of a mutation.")
class Payload:
    """What every payload has; a subclass adds its objects, all nullable with the default None."""

    errors: list[UserError] = strawberry.field(
        default_factory=list,
        description="Why it was refused; empty if it was done. If not, the other fields are null.",
    )


@strawberry.input(description="What every mutation takes.")
class KeyedInput:
    """The client key; a subclass adds its values."""

    client_key: str = strawberry.field(
        description="A key of your choice, of 1 to 64 printable characters, such as a UUID. "
        "Sending the same mutation again with the same key does nothing twice and gives the same "
        "result: retry with it whenever an answer is lost."
    )


@strawberry.input(description="A file, picture, film or sound, by its address.")
class MediumInput:
    """One item of a product's `media` or a message's `attachments`."""

    url: str = strawberry.field(
        description="Where it is: an http or https address of at most 2,048 characters."
    )
    type: AttachmentType = strawberry.field(description="What it is.")


def attachments_of(media: Sequence[MediumInput]) -> list[Attachment]:
    """The input's items as the domains take them."""
    return [Attachment(item.url, item.type) for item in media]


T = TypeVar("T")
PayloadT = TypeVar("PayloadT", bound=Payload)


def given(value: Maybe[T | None], argument: str) -> T | None:
    """The value of an input's argument that may be left out, which gives None, but not be null.

    Raises:
        Required: It is null. A schema cannot say this: what may be left out is nullable.
    """
    if value is None:
        return None
    if value.value is None:
        raise Required(
            "This must not be null; leave it out to keep it as it is.", field=["input", argument]
        )
    return value.value


def mutation(
    payload: type[PayloadT], *, description: str
) -> Callable[[Callable[..., Awaitable[PayloadT]]], Any]:
    """Make an async resolver a mutation: a `DomainError` that it raises becomes the payload.

    After a deadlock it runs again, which its client key makes harmless. Everything else that it
    raises is left to the executor, which masks it.
    """

    def decorate(resolver: Callable[..., Awaitable[PayloadT]]) -> Any:
        @wraps(resolver)
        async def resolve(*args: Any, **kwargs: Any) -> PayloadT:
            # What the mutation before it in the document has read is what it may have changed.
            if (info := kwargs.get("info")) is not None:
                info.context.loaders.forget()
            try:
                for _ in range(_AGAIN):
                    with suppress(Deadlocked):
                        return await resolver(*args, **kwargs)
                return await resolver(*args, **kwargs)
            except DomainError as error:
                refusal = UserError(code=error.code, message=error.message, field=error.field)
                return payload(errors=[refusal])

        return strawberry.mutation(resolve, description=description, graphql_type=payload)

    return decorate
