"""What operations cost their callers: who pays, how much, and how HTTP says what is left."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import Any

from app.api.failures import Refusal
from app.errors import RateLimited
from app.limits import Budget, Limiter, Rate
from app.viewer import Viewer

# Points beside those of `query_cost`: what writes is dearer than what it answers; a document that
# is refused was parsed, and perhaps validated, for nothing; and so was a token looked at.
MUTATION = 100
REFUSED_DOCUMENT = 2_000
REFUSED_TOKEN = 100
# Whoever has one address of IPv6 has this many bits of it to choose from.
_HOST_BITS = 64


@dataclass(frozen=True, slots=True)
class Charging:
    """How callers are charged.

    Attributes:
        limiter: Counts; asked for at each request, as it opens after the routes are made.
        rate: What a caller may use; None for no end of it.
        rate_of: What a viewer may use, who is known by then.
        payer: The key of a viewer at an address.
    """

    limiter: Callable[[], Limiter]
    rate: Rate | None
    rate_of: Callable[[Any, Rate], Rate]
    payer: Callable[[Any, str | None], str]

    def open(self, address: str | None) -> "Charge | None":
        """The charge of an operation that comes from an address; None if none is made."""
        return None if self.rate is None else Charge(self, self.rate, address)


@dataclass(slots=True)
class Charge:
    """One operation's part in its payer's budget, which it knows once it has paid."""

    charging: Charging
    rate: Rate
    address: str | None
    payer: str = field(init=False)
    budget: Budget | None = None

    def __post_init__(self) -> None:
        """Until a viewer is known the address pays."""
        self.payer = address_key(self.address)

    def of(self, viewer: Any) -> None:
        """Let the viewer pay.

        Raises:
            RateLimited: Nothing is left, as far as this process knows.
        """
        self.payer = self.charging.payer(viewer, self.address)
        self.rate = self.charging.rate_of(viewer, self.rate)
        try:
            self.charging.limiter().check(self.rate, self.payer)
        except RateLimited as refused:
            self._keep(refused)
            raise

    async def pay(self, cost: int) -> None:
        """Use that many points.

        Raises:
            RateLimited: Fewer are left.
        """
        try:
            self.budget = await self.charging.limiter().hit(self.rate, self.payer, cost)
        except RateLimited as refused:
            self._keep(refused)
            raise

    def _keep(self, refused: RateLimited) -> None:
        reset_at = time.time() + refused.retry_after
        self.budget = Budget(refused.limit, refused.remaining, refused.cost, reset_at)

    def headers(self) -> dict[str, str]:
        """What is left, by draft-ietf-httpapi-ratelimit-headers; nothing before it has paid."""
        rate, budget = self.rate, self.budget
        if budget is None:
            return {}
        return {
            "ratelimit-policy": f'"{rate.name}";q={rate.amount};w={rate.seconds}',
            "ratelimit": f'"{rate.name}";r={budget.remaining};t={budget.reset_in}',
        }


def payer_of(viewer: Viewer, address: str | None) -> str:
    """The user who pays or, for a viewer who is not signed in, the address."""
    return address_key(address) if viewer.user_id is None else f"user/{viewer.user_id}"


def address_key(address: str | None) -> str:
    """One key for all that one client can send from: an IPv6 network of 64 bits is one."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return f"address/{address or 'unknown'}"
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return f"address/{parsed.ipv4_mapped}"
        parsed = IPv6Address(int(parsed) >> _HOST_BITS << _HOST_BITS)
    return f"address/{parsed}"


@asynccontextmanager
async def paid_if_refused(charge: Charge | None, cost: int) -> AsyncIterator[None]:
    """Charge for what is refused within the block before it has paid: it is no free attempt.

    Raises:
        RateLimited: Not even that is left.
    """
    try:
        yield
    except Refusal:
        if charge is not None and charge.budget is None:
            await charge.pay(cost)
        raise
