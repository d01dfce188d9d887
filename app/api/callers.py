"""Who calls over HTTP or a socket: known by a token, and charged for what they ask."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Scope

from app.api.charging import REFUSED_TOKEN, Charge, Charging, address_key, paid_if_refused
from app.api.failures import refuse_exception, timed_out
from app.errors import Unauthenticated
from app.settings import Settings
from app.viewer import Origin

# A viewer is the application's: nothing here looks inside one.
Authenticate = Callable[[str | None, Origin], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Callers:
    """Knows callers, whatever carried their call.

    Attributes:
        authenticate: The viewer of a bearer token, or of None: nobody.
        settings: How long that may take.
        charging: How callers are charged; None where nobody is known apart from others.
    """

    authenticate: Authenticate
    settings: Settings
    charging: Charging | None = None

    def charge(self, address: str | None) -> Charge | None:
        """The charge of an operation that comes from an address; None if none is made."""
        return None if self.charging is None else self.charging.open(address)

    async def viewer(self, authorization: object, origin: Origin) -> Any:
        """Who is asking.

        Args:
            authorization: `Bearer` and a token, as a header or a WebSocket's `connection_init`
                carries it, where anything may stand; None for nobody.
            origin: From where.

        Raises:
            Refusal: 401, it is none, or the token does not hold; or it cannot be checked.
        """
        try:
            token = None if authorization is None else _bearer_token(authorization)
            async with asyncio.timeout(self.settings.operation_timeout):
                return await self.authenticate(token, origin)
        except TimeoutError as error:
            raise timed_out() from error
        except Exception as error:
            raise refuse_exception(error) from error

    async def admit(self, scope: Scope, headers: Headers, charge: Charge | None) -> Any:
        """The viewer of an HTTP request, who pays from now on.

        Raises:
            Refusal: As `viewer`; a token that does not hold costs its address.
            RateLimited: Nothing is left to pay with.
        """
        # Several tokens, joined as HTTP joins them, are none; nor is an empty one.
        tokens = headers.getlist("authorization")
        async with paid_if_refused(charge, REFUSED_TOKEN):
            origin = origin_of(client_address(scope), headers)
            viewer = await self.viewer(",".join(tokens) if tokens else None, origin)
        if charge is not None:
            charge.of(viewer)
        return viewer


def client_address(scope: Scope) -> str | None:
    """Who is connected, or who the settings' proxies say it is."""
    client = scope.get("client")
    return None if client is None else str(client[0])


def origin_of(address: str | None, headers: Headers) -> Origin:
    """From where a request or a socket comes."""
    user_agent = headers.get("user-agent")
    try:
        ip_address(address or "")
    except ValueError:
        return Origin(None, address_key(address), user_agent)
    return Origin(address, address_key(address), user_agent)


def _bearer_token(authorization: object) -> str:
    text = authorization if isinstance(authorization, str) else ""
    scheme, _, token = text.strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("The Authorization must be a bearer token.")
    return token.strip()
