"""After every mutation, what the cache says is what the databases have."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.cache import reads
from app.groups import queries as groups
from app.products import queries as products
from app.users import queries as users
from app.viewer import Viewer
from tests.cache.conftest import Node
from tests.factories import World
from tests.matrix.columns import DONE, ROLES
from tests.matrix.estate import Estate
from tests.matrix.rules.mutations import MUTATIONS
from tests.matrix.settling import settle
from tests.matrix.targets import aimed
from tests.matrix.test_mutations import attempt

CASES = [
    (field, case)
    for field, cases in MUTATIONS.items()
    for case, ask in cases.items()
    if DONE in ask.row.values()
]


@pytest.fixture(scope="session")
async def workshop(here: Node) -> AsyncIterator[Estate]:
    """An estate to change, through one process."""
    workshop = await settle(World(here.services, here.url))
    yield workshop
    await workshop.close()


class Records:
    """Everything that is there, and could be in the cache."""

    def __init__(self, node: Node, viewers: list[Viewer]) -> None:
        self._cached = node.cached
        self._viewers = viewers
        self._users: list[int] = []
        self._products: list[str] = []
        self._groups: list[UUID] = []

    async def look(self) -> None:
        """Learn what there is."""
        async with self._cached.auth.begin() as tx:
            self._users = [*await tx.scalars(text("SELECT id FROM users"))]
        async with self._cached.main.begin() as tx:
            self._products = [*await tx.scalars(text("SELECT id FROM products"))]
            self._groups = [*await tx.scalars(text("SELECT id FROM groups"))]

    async def cached(self) -> list[Any]:
        """As the cache says."""
        found: list[Any] = await reads.users_by_ids(self._cached, self._viewers[0], self._users)
        for viewer in self._viewers:
            found += await reads.products_by_ids(self._cached, viewer, self._products)
            found += await reads.memberships_of_viewer(self._cached, viewer, self._groups)
        return found

    async def stored(self) -> list[Any]:
        """As the databases say."""
        main, auth = self._cached.main, self._cached.auth
        found: list[Any] = await users.users_by_ids(auth, self._viewers[0], self._users)
        for viewer in self._viewers:
            found += await products.products_by_ids(main, viewer, self._products)
            found += await groups.memberships_of_viewer(main, viewer, self._groups)
        return found


@pytest.mark.covers("B15")
@pytest.mark.parametrize(("field", "case"), CASES)
async def test_after_a_mutation_the_cache_says_what_the_databases_do(
    field: str, case: str, workshop: Estate, there: Node
) -> None:
    ask = MUTATIONS[field][case]
    role = next(role for role in ROLES if ask.row[role] == DONE)
    words = await aimed(workshop, ask.arguments)
    records = Records(there, [person.viewer for person in workshop.people.values()])
    await records.look()
    await records.cached()

    before = there.cache.hits
    assert await attempt(workshop, role, field, ask, words) == DONE
    assert await records.cached() == await records.stored()
    assert there.cache.hits > before
