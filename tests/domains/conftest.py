"""People for the domains' functions: numbers are enough, for no foreign key names an account."""

from collections.abc import Callable
from itertools import count
from uuid import uuid4

import pytest

from app.services import Services
from app.stores.postgres import Postgres
from app.viewer import Viewer

NewViewer = Callable[..., Viewer]

# Far from the accounts that other tests make.
_numbers = count(10**9)


@pytest.fixture(scope="session")
def main(services: Services) -> Postgres:
    """The main database, whose tests tell their rows apart by their people."""
    return services.main


@pytest.fixture
def new_viewer() -> NewViewer:
    """Makes somebody whom no other test knows."""
    return lambda role="user": Viewer(next(_numbers), uuid4(), role)


@pytest.fixture
def viewer(new_viewer: NewViewer) -> Viewer:
    return new_viewer()


@pytest.fixture
def staff(new_viewer: NewViewer) -> Viewer:
    return new_viewer("moderator")
