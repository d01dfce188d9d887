"""Every statement that a read sends to PostgreSQL can be answered from an index.

Where scanning is forbidden, the planner scans only what no index leads to: so the few rows of a
test show what many rows would cost.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette

from app.services import Services
from app.stores.postgres import Postgres, Read
from tests.client import Client
from tests.operations.test_documents import DOCUMENTS, _variables
from tests.operations.test_edges import ASKED_WITH, LISTS, fields, selection
from tests.operations.village import Village

Asked = dict[tuple[int, str], list[Any]]

# A table of few rows is cheaply held whole in memory, one that was counted is known to be small.
_AS_WITH_MANY_ROWS = ";".join(
    [
        *(
            f"SET LOCAL enable_{way} = off"
            for way in ("seqscan", "hashjoin", "mergejoin", "material")
        ),
        "UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE relkind = 'r'",
        "DELETE FROM pg_statistic",
    ]
)
# What hands on row by row what it is given.
_PASSING_ON = {
    "Nested Loop",
    "Subquery Scan",
    "Append",
    "Merge Append",
    "Incremental Sort",
    "Result",
}

# Its plans depend on the words, and have tests of their own.
PLANNED_ELSEWHERE = {"productSearch"}


@pytest.fixture
def asked(heard: Starlette, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Each statement with its arguments, by the database that it went to."""
    statements: Asked = {}
    fetch = Postgres.fetch

    async def noted(self: Postgres, read: Read, **values: Any) -> Any:
        statements[id(self), read.sql] = read.arguments(values)
        return await fetch(self, read, **values)

    monkeypatch.setattr(Postgres, "fetch", noted)
    return statements


@pytest.mark.covers("A15", "B13", "B14", "E31")
@pytest.mark.timeout(120)
async def test_no_read_scans_a_table(
    asked: Asked, heard: Starlette, viewer: Client, village: Village
) -> None:
    values: dict[str, Any] = {kind.lower(): ids[0] for kind, ids in village.ids.items()}
    values["ids"] = [ids[1] for ids in village.ids.values()]
    for query in DOCUMENTS.values():
        await viewer.run(query, **{name: values[name] for name in _variables(query)})
    for name in set(LISTS) - PLANNED_ELSEWHERE:
        given = ASKED_WITH.get(name, "")
        await viewer.run(f"{{ {name}({given}first: 2) {selection(fields('Query')[name])} }}")

    services: Services = heard.state.services
    databases = {id(services.main): services.main, id(services.auth): services.auth}
    scans = {}
    assert len(asked) > 30
    for (database, sql), arguments in list(asked.items()):  # Sweeps ask on.
        if database not in databases:
            continue  # of a report, which adds up all that there is
        async with databases[database].engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            transaction = driver.transaction()
            await transaction.start()
            await driver.execute(_AS_WITH_MANY_ROWS)
            (plan,) = await driver.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *arguments)
            await transaction.rollback()
        if found := {*scanned(plan["Plan"])}:
            scans[sql] = found
    assert scans == {}


def scanned(plan: dict[str, Any], *, stops: bool = False) -> Iterator[str]:
    """The tables that a plan reads from end to end, by their rows or by a whole index.

    Args:
        plan: As PostgreSQL explains it.
        stops: Whether what is above it takes as many rows as it needs, in the index's order.
    """
    node = plan["Node Type"]
    by_index = node in ("Index Scan", "Index Only Scan")
    if node == "Seq Scan" or (by_index and not stops and "Index Cond" not in plan):
        yield plan["Relation Name"]
    stops = node == "Limit" or (stops and node in _PASSING_ON)
    for inner in plan.get("Plans", ()):
        first = inner.get("Parent Relationship") != "Inner"
        yield from scanned(inner, stops=stops and first)
