"""The root field that says what is left of the caller's budget."""

from datetime import UTC, datetime

import strawberry

from app.api.context import Info
from app.limits import Budget


@strawberry.type(
    description="Your budget: what you may ask for in a window of time, in points. An operation "
    "costs what its response may hold, its pages full."
)
class RateLimit:
    """A `Budget` as the schema shows it."""

    limit: int = strawberry.field(description="Points that you may use in a window.")
    cost: int = strawberry.field(description="Points that this operation costs.")
    remaining: int = strawberry.field(description="Points that this operation leaves you.")
    reset_at: datetime = strawberry.field(description="When the next window begins, with all.")


@strawberry.type
class RateLimitQueries:
    """Reads."""

    @strawberry.field(description="Your budget; null if the server keeps none.")
    def rate_limit(self, info: Info) -> RateLimit | None:
        budget = info.context.budget
        return None if budget is None else _shown(budget)


def _shown(budget: Budget) -> RateLimit:
    reset_at = datetime.fromtimestamp(budget.reset_at, UTC)
    return RateLimit(
        limit=budget.limit, cost=budget.cost, remaining=budget.remaining, reset_at=reset_at
    )
