"""The description of REST is true: a program that reads it and tries everything finds no fault."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from tests.client import Client
from tests.factories import World

# More on demand: `ISTHMUS_FUZZ_EXAMPLES=2000 .venv/bin/pytest -n 0 tests/rest/test_openapi.py`.
EXAMPLES = int(os.environ.get("ISTHMUS_FUZZ_EXAMPLES", "25"))
# A message's rules are more than a schema can say (an address that leads somewhere), so that what
# fits the schema may still be refused.
CONFIG = """
[checks]
positive_data_acceptance.expected-statuses = [200, 201, 400, 404, 422]
negative_data_rejection.expected-statuses = [400, 401, 404, 405, 415, 422]

[[operations]]
include-path = "/api/rooms/{{roomId}}/messages"
parameters = {parameters}
"""


async def test_the_document_names_every_schema_that_it_uses(anonymous: Client) -> None:
    answer = await anonymous.http.get("/api/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    document = answer.json()
    assert document["openapi"] == "3.1.0"
    assert document["paths"].keys() == {"/api/health", "/api/rooms/{roomId}/messages"}
    named = set(re.findall(r'"#/components/schemas/(\w+)"', answer.text))
    assert named == document["components"]["schemas"].keys()
    for name, schema in document["components"]["schemas"].items():
        assert schema["description"], name
        for field, value in schema.get("properties", {}).items():
            assert "description" in value, (name, field)


@pytest.mark.slow
@pytest.mark.timeout(60 + EXAMPLES)
@pytest.mark.parametrize("known", [True, False], ids=["a room", "any room"])
async def test_schemathesis_finds_no_fault(known: bool, world: World, tmp_path: Path) -> None:
    one, other = await world.users(2)
    room = await world.direct(one, other)
    config = tmp_path / "schemathesis.toml"
    parameters = f'{{ "path.roomId" = "{room}" }}' if known else "{}"
    config.write_text(CONFIG.format(parameters=parameters))
    run = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("schemathesis"),
        f"--config-file={config}",
        "run",
        f"{world.server_url}/api/openapi.json",
        f"--header=Authorization: Bearer {one.token}",
        f"--max-examples={EXAMPLES}",
        "--checks=all",
        "--no-color",
        "--seed=1",
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await run.communicate())[0].decode()
    assert run.returncode == 0, output
    sys.stdout.write(output[-600:])  # with `-s`: how much was tried
