"""Every request has an id: the client's where it is well formed, and one of its own else."""

import logging
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from app.api.security_headers import REQUEST_ID
from app.audit.commands import record
from app.audit.models import AuditEvent
from app.services import Services
from tests.accounts.test_sockets import hear, opened, say
from tests.factories import GROUP_CREATE, World

WELL_FORMED = ["12345678", "a-trace/of.some:kind_1", "0af7651916cd43dd8448eb211c80319c"]
MALFORMED = ["", "short", "with space", "x" * 101, "<script>alert(1)</script>", "caf\xe9caf\xe9"]


@pytest.mark.parametrize("given", WELL_FORMED)
async def test_a_well_formed_id_is_kept(server_url: str, given: str) -> None:
    async with httpx.AsyncClient(base_url=server_url) as client:
        response = await client.get("/healthz/live", headers={REQUEST_ID: given})
    assert response.headers.get_list(REQUEST_ID) == [given]


@pytest.mark.parametrize("given", [*MALFORMED, None])
async def test_any_other_is_replaced(server_url: str, given: str | None) -> None:
    headers = [] if given is None else [(REQUEST_ID.encode(), given.encode("latin-1"))]
    async with httpx.AsyncClient(base_url=server_url) as client:
        responses = [await client.get("/nowhere", headers=headers) for _ in range(2)]
    made = [UUID(response.headers[REQUEST_ID]) for response in responses]
    assert made[0] != made[1]


@pytest.mark.covers("B25")
async def test_a_failure_is_logged_with_its_request(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret")

    user = await world.user()
    monkeypatch.setattr("app.api.loaders.users.users_by_ids", fail)
    with caplog.at_level(logging.ERROR):
        response = await user.client.http.post("/graphql", json={"query": "{ viewer { id } }"})
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    (logged,) = [r.getMessage() for r in caplog.records if r.name == "isthmus.graphql"]
    assert response.headers[REQUEST_ID] in logged
    assert error["extensions"]["id"] in logged


async def test_each_operation_of_a_socket_is_a_request(world: World, services: Services) -> None:
    user = await world.user()
    async with opened(world.server_url, user.token) as socket:
        for number in ("2", "3"):
            variables = {"name": "Readers", "key": number}
            payload = {"query": GROUP_CREATE, "variables": variables}
            await say(socket, type="subscribe", id=number, payload=payload)
            while (await hear(socket)).get("id") != number:
                pass
            assert (await hear(socket))["type"] in {"complete", "next"}

    columns = AuditEvent.request_id, AuditEvent.ip_address
    async with services.main.begin() as tx:
        rows = (await tx.execute(select(*columns).where(AuditEvent.actor_id == user.user_id))).all()

    assert len({UUID(row.request_id) for row in rows}) == 2
    assert {str(row.ip_address) for row in rows} == {"127.0.0.1"}


async def test_what_the_system_does_has_no_request(services: Services) -> None:
    async with services.main.begin() as tx:
        await record(tx, None, "prune", "Test", "x", after={"a": 1})
        row = await tx.execute(
            select(AuditEvent.request_id).where(AuditEvent.entity_type == "Test")
        )
    assert row.scalars().all() == [None]
