"""What a resolver is given: who asks, the services, and this operation's loaders."""

from dataclasses import dataclass

import strawberry

from app.api.loaders import Loaders
from app.limits import Budget
from app.services import Services
from app.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Context:
    """One operation's context, or one subscription event's: loaders are never shared."""

    viewer: Viewer
    services: Services
    loaders: Loaders
    budget: Budget | None = None


Info = strawberry.Info[Context, None]


def make_context(viewer: Viewer, services: Services, budget: Budget | None = None) -> Context:
    """A context with fresh loaders, bound to the viewer, and what is left to them."""
    return Context(viewer, services, Loaders(viewer, services), budget)
