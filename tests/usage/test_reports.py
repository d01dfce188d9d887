"""Reports are what a plain computation over the same rows says, page by page."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import quantiles
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import insert, text

from app.chat.models import Conversation, ConversationKind
from app.groups.models import Group
from app.products.models import Cause, Product
from app.services import Services
from app.settings import Settings
from app.usage.counting import count_entries
from app.usage.models import ApiLog, UsageEntry
from app.users.models import UserRole
from tests.client import Json
from tests.databases import created, name_of, named
from tests.factories import Person, World
from tests.server import serve
from tests.usage.test_counting import answer

SINCE, UNTIL = datetime(2026, 1, 15, 12, tzinfo=UTC), datetime(2026, 5, 3, 7, tzinfo=UTC)
Row = dict[str, Any]


def _moment(rng: Random) -> datetime:
    """Within half a year around the reports' time; often on an edge of it, or of a month."""
    edges = [SINCE, UNTIL, datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)]
    if rng.random() < 0.2:
        return rng.choice(edges) - rng.choice([timedelta(0), timedelta(microseconds=1)])
    return datetime(2025, 12, 1, tzinfo=UTC) + timedelta(seconds=rng.random() * 180 * 86_400)


class Rows:
    """Rows at random, and where they belong."""

    def __init__(self, rng: Random, users: list[int]) -> None:
        self.causes: dict[Any, tuple[Cause | None, Any]] = {}
        self.products: list[Row] = []
        self.groups: list[Row] = []
        self.conversations: list[Row] = []
        for _ in range(12):
            self._place(rng, users)
        self.ledger = [self._entry(rng, users) for _ in range(400)]
        names = ["Feed", "Send", "anonymous", "/api/rooms/{room_id}/messages"]
        self.calls = [self._call(rng, rng.choice(names)) for _ in range(300)]

    def _place(self, rng: Random, users: list[int]) -> None:
        group_id, conversation_id = uuid4(), uuid4()
        cause = rng.choice([*Cause, None])
        product_id = None
        if cause is not None:
            product_id = f"IM_{uuid4().hex}"
            self.products.append(
                {
                    "id": product_id,
                    "title": "A lamp",
                    "description": "It shines.",
                    "cause": cause,
                    "mrp": 2,
                    "selling_price": 1,
                    "product_url": "https://shop.example/lamp",
                    "vendor_id": users[0],
                }
            )
        group = {"id": group_id, "name": "G", "product_id": product_id, "owner_id": users[0]}
        self.groups.append(group)
        self.conversations.append(
            {
                "id": conversation_id,
                "kind": ConversationKind.GROUP,
                "group_id": group_id,
                "created_by": users[0],
            }
        )
        self.causes[conversation_id] = (cause, group_id)

    def _entry(self, rng: Random, users: list[int]) -> Row:
        is_message = rng.random() < 0.9
        return {
            "id": uuid4(),
            "user_id": rng.choice(users),
            "conversation_id": rng.choice(list(self.causes)),
            "messages": int(is_message),
            "conversations": int(not is_message),
            "tokens": rng.choice([0, 0, 2_000_000_000]) if is_message else 0,
            "created_at": _moment(rng),
        }

    def _call(self, rng: Random, endpoint: str) -> Row:
        return {
            "created_at": _moment(rng),
            "endpoint": endpoint,
            "method": "POST",
            "status_code": rng.choice([200, 200, 200, 400, 503]),
            "response_time_ms": rng.random() * 100,
            "error_message": rng.choice([None, None, "FORBIDDEN"]),
        }


@pytest.fixture(params=[1, 2])
async def rows(
    request: pytest.FixtureRequest, own: Services, admin: Person, people: list[Person]
) -> Rows:
    """Rows at random, in the database."""
    made = Rows(Random(request.param), [person.user_id for person in people])
    async with own.main.begin() as tx:
        for model, values in (
            (Product, made.products),
            (Group, made.groups),
            (Conversation, made.conversations),
            (UsageEntry, made.ledger),
            (ApiLog, made.calls),
        ):
            await tx.execute(insert(model), values)
    return made


@pytest.fixture
async def people(own_world: World) -> list[Person]:
    """Who uses it."""
    return await own_world.users(7)


def grouped(rows: list[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    """The rows of the reports' time, by a key that is not None."""
    groups = defaultdict(list)
    for row in rows:
        if SINCE <= row["created_at"] < UNTIL and key(row) is not None:
            groups[key(row)].append(row)
    return groups


def total(rows: list[Row], column: str) -> int:
    return sum(row[column] for row in rows)


async def whole(admin: Person, field: str, asked: str, order: str = "") -> list[Json]:
    """A report, page after page: the same forwards and backwards."""
    query = f"""query($since: DateTime, $until: DateTime, $first: Int, $after: String, $last: Int,
      $before: String) {{ report: {field}(filter: {{usedFrom: $since, usedBefore: $until}},
        first: $first, after: $after, last: $last, before: $before{order}) {{
        nodes {{ {asked} }}
        pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"""
    time = {"since": SINCE.isoformat(), "until": UNTIL.isoformat()}
    forwards: list[Json] = []
    after = None
    while True:
        page = (await admin.client.run(query, first=2, after=after, **time))["report"]
        forwards += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    backwards: list[Json] = []
    before = None
    while True:
        page = (await admin.client.run(query, last=3, before=before, **time))["report"]
        backwards = page["nodes"] + backwards
        if not page["pageInfo"]["hasPreviousPage"]:
            break
        before = page["pageInfo"]["startCursor"]
    assert forwards == backwards
    return forwards


@pytest.mark.covers("A6", "A8")
async def test_usage_by_month_is_what_the_ledger_says(admin: Person, rows: Rows) -> None:
    months = grouped(rows.ledger, lambda row: f"{row['created_at']:%Y-%m}")

    found = await whole(admin, "usageByMonth", "month users messages conversations tokens")

    assert found == [
        {
            "month": month,
            "users": len({row["user_id"] for row in of}),
            "messages": total(of, "messages"),
            "conversations": total(of, "conversations"),
            "tokens": total(of, "tokens"),
        }
        for month, of in sorted(months.items(), reverse=True)
    ]
    assert max(row["tokens"] for row in found) > 2**31


@pytest.mark.covers("A8", "A18")
async def test_usage_by_cause_is_what_was_said_in_its_products_groups(
    admin: Person, rows: Rows
) -> None:
    said = [row for row in rows.ledger if row["messages"]]
    causes = grouped(said, lambda row: rows.causes[row["conversation_id"]][0])

    found = await whole(admin, "usageByCause", "cause groups users messages tokens")

    expected = [
        {
            "cause": cause.name,
            "groups": len({rows.causes[row["conversation_id"]][1] for row in of}),
            "users": len({row["user_id"] for row in of}),
            "messages": len(of),
            "tokens": total(of, "tokens"),
        }
        for cause, of in causes.items()
    ]
    key: Callable[[Json], Any] = lambda row: (row["messages"], Cause[row["cause"]].value)  # noqa: E731
    assert found == sorted(expected, key=key, reverse=True)


@pytest.mark.covers("A8", "A17")
@pytest.mark.parametrize("order", ["messages", "tokens"])
async def test_usage_by_user_is_what_the_ledger_says(
    admin: Person, rows: Rows, people: list[Person], order: str
) -> None:
    users = grouped(rows.ledger, lambda row: row["user_id"])
    ids = {person.user_id: person.id for person in people}
    by = f", orderBy: {{field: {order.upper()}, direction: ASC}}"

    found = await whole(admin, "usageByUser", "user { id } messages conversations tokens", by)

    ordered = sorted(users.items(), key=lambda item: (total(item[1], order), item[0]))
    assert found == [
        {
            "user": {"id": ids[user]},
            "messages": total(of, "messages"),
            "conversations": total(of, "conversations"),
            "tokens": total(of, "tokens"),
        }
        for user, of in ordered
    ]


@pytest.mark.covers("A8", "C28")
@pytest.mark.parametrize("order", ["calls", "errors", "p95"])
async def test_usage_by_endpoint_is_what_the_log_says(
    admin: Person, rows: Rows, order: str
) -> None:
    expected = []
    for endpoint, of in grouped(rows.calls, lambda row: row["endpoint"]).items():
        times = quantiles((row["response_time_ms"] for row in of), n=20, method="inclusive")
        failed = [row for row in of if row["status_code"] >= 400 or row["error_message"]]
        expected.append(
            {
                "endpoint": endpoint,
                "calls": len(of),
                "errors": len(failed),
                "p50": pytest.approx(times[9]),
                "p95": pytest.approx(times[18]),
            }
        )
    by = f", orderBy: {{field: {order.upper()}, direction: DESC}}"

    found = await whole(admin, "usageByEndpoint", "endpoint calls errors p50 p95", by)

    assert sorted(found, key=lambda row: str(row["endpoint"])) == sorted(
        expected, key=lambda row: str(row["endpoint"])
    )
    assert [row[order] for row in found] == sorted((row[order] for row in found), reverse=True)


async def test_a_report_of_no_time_is_refused(admin: Person) -> None:
    query = """query($at: DateTime) {
      usageByMonth(filter: {usedFrom: $at, usedBefore: $at}) { nodes { month } } }"""
    (error,) = (await admin.client.send(query, at=SINCE.isoformat()))["errors"]
    assert error["extensions"] == {"code": "INVALID", "field": ["filter", "usedFrom"]}


async def test_only_admins_read_reports(own_world: World, rows: Rows) -> None:
    for role in (UserRole.USER, UserRole.MODERATOR):
        person = await own_world.user(role)
        for field in ("usageByMonth", "usageByCause", "usageByUser", "usageByEndpoint"):
            answer = await person.client.send(f"{{ {field} {{ nodes {{ __typename }} }} }}")
            assert answer["data"] == {field: None}
            assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.fixture
async def copied(counted: Settings) -> AsyncIterator[str]:
    """The address of a copy that takes no writes."""
    original = name_of(counted.database_url)
    url = named(counted.database_url, f"{original}_copy")
    async with created(counted.database_url, name_of(url), template=original):
        connection = await asyncpg.connect(url)
        await connection.execute(
            f"ALTER DATABASE {name_of(url)} SET default_transaction_read_only = on"
        )
        await connection.close()
        yield url


@pytest.mark.covers("A37", "D31")
async def test_reports_are_read_from_the_copy_where_there_is_one(
    counted: Settings, copied: str
) -> None:
    asked = "{ usageByMonth { nodes { messages } } usageByCause { nodes { cause } }"
    asked += " usageByUser { nodes { messages } } usageByEndpoint { nodes { calls } } }"
    settings = counted.model_copy(update={"analytics_database_url": copied})
    async with serve(settings) as (app, url):
        world = World(app.state.services, url)
        admin, other = await world.user(UserRole.ADMIN), await world.user()
        await world.say(admin, await world.direct(admin, other), "not copied yet")
        empty = await admin.client.run(asked)
        assert all(report["nodes"] == [] for report in empty.values())
        row = {"id": uuid4(), "user_id": 7, "conversation_id": uuid4(), "messages": 5}
        async with app.state.services.analytics.begin() as tx:
            await tx.execute(text("SET TRANSACTION READ WRITE"))
            await tx.execute(insert(UsageEntry).values(row))
        found = await admin.client.run(asked)
        assert found["usageByMonth"]["nodes"] == [{"messages": 5}]
        await world.close()


async def test_a_report_that_takes_too_long_is_given_up_and_holds_up_nobody(
    counted: Settings,
) -> None:
    settings = counted.model_copy(update={"report_timeout": 0.2})
    async with serve(settings) as (app, url):
        world = World(app.state.services, url)
        admin, other = await world.user(UserRole.ADMIN), await world.user()
        async with app.state.services.main.begin() as tx:
            await tx.execute(text("LOCK TABLE api_logs IN ACCESS EXCLUSIVE MODE"))
            answer = await admin.client.send("{ usageByEndpoint { nodes { calls } } }")
            assert answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
            waiting = text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND query LIKE '%percentile%' AND state = 'active' AND pid <> pg_backend_pid()"
            )
            await world.say(admin, await world.direct(admin, other), "meanwhile")
            assert await tx.scalar(waiting) == 0
        await world.close()


USAGE = """{ viewer { usage { totalMessages totalConversations totalTokens
  thisMonth { month messages conversations tokens }
  months(first: %d%s) {
    nodes { month messages tokens } pageInfo { hasNextPage endCursor } } } } }"""
USAGE_OF = "query($id: ID!) { user(id: $id) { usage { totalMessages } } }"


@pytest.mark.covers("A6", "A17")
async def test_a_user_sees_their_own_usage_and_an_admin_everybodys(
    own_world: World, own: Services, admin: Person
) -> None:
    one, other = await own_world.users(2)
    nothing = (await one.client.run(USAGE % (1, "")))["viewer"]["usage"]
    month = f"{datetime.now(UTC):%Y-%m}"
    assert nothing["thisMonth"] == {"month": month, "messages": 0, "conversations": 0, "tokens": 0}
    assert nothing["months"]["nodes"] == []

    direct = await own_world.direct(one, other)
    await own_world.say(one, direct, "a", "b")
    await answer(own, direct, "1", tokens=2_000_000_000)
    await answer(own, direct, "2", tokens=2_000_000_000)
    old = {
        "id": uuid4(),
        "user_id": one.user_id,
        "conversation_id": uuid4(),
        "messages": 1,
        "created_at": datetime(2020, 2, 29, tzinfo=UTC),
    }
    async with own.main.begin() as tx:
        await tx.execute(insert(UsageEntry).values(old))
    await count_entries(own.main)

    usage = (await one.client.run(USAGE % (1, "")))["viewer"]["usage"]
    page = usage.pop("months")
    assert usage == {
        "totalMessages": 5,
        "totalConversations": 1,
        "totalTokens": 4_000_000_000,
        "thisMonth": {"month": month, "messages": 4, "conversations": 1, "tokens": 4_000_000_000},
    }
    assert page["nodes"] == [{"month": month, "messages": 4, "tokens": 4_000_000_000}]
    assert page["pageInfo"]["hasNextPage"]
    after = f', after: "{page["pageInfo"]["endCursor"]}"'
    page = (await one.client.run(USAGE % (1, after)))["viewer"]["usage"]["months"]
    assert page["nodes"] == [{"month": "2020-02", "messages": 1, "tokens": 0}]
    assert not page["pageInfo"]["hasNextPage"]
    shown = {"user": {"usage": {"totalMessages": 5}}}
    assert await admin.client.run(USAGE_OF, id=one.id) == shown
    assert await other.client.run(USAGE_OF, id=one.id) == {"user": {"usage": None}}
