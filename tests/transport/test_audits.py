"""The specification's own audits, from the npm package graphql-http: MUST, SHOULD and MAY alike."""

import asyncio
import hashlib
import json
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.transport.serving import Served

AUDITS = Path(__file__).parent / "audits"
# How many there are in the locked version: fewer would mean that some were not run.
COUNT = 61


@pytest.fixture(scope="session")
def packages(pytestconfig: pytest.Config) -> Path:
    """A folder with the locked packages, kept between runs of the same lock file."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("the audits need node and npm, which are not installed")
    lock = hashlib.sha256((AUDITS / "package-lock.json").read_bytes()).hexdigest()[:16]
    cache = pytestconfig.cache.mkdir("graphql-http-audits")
    folder = cache / lock
    if not folder.is_dir():
        fresh = Path(tempfile.mkdtemp(dir=cache))
        for name in ("package.json", "package-lock.json"):
            shutil.copy(AUDITS / name, fresh)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=fresh, check=True, capture_output=True, timeout=50)
        # Renaming is all or nothing; where another worker was first, its folder is as good.
        with suppress(OSError):
            fresh.rename(folder)
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


@pytest.fixture(params=["schema of the tests", "application"])
def audited(request: pytest.FixtureRequest) -> str:
    """Where a server answers GraphQL."""
    if request.param == "application":
        try:
            return f"{request.getfixturevalue('server_url')}/graphql"
        except pytest.FixtureLookupError:
            pytest.skip("no fixture server_url gives the address of the whole application")
    served: Served = request.getfixturevalue("served")
    return served.url


async def test_every_audit_passes(audited: str, packages: Path) -> None:
    # Awaited, as the application may be served by this very event loop.
    audit = await asyncio.create_subprocess_exec(
        "node", AUDITS / "audit.mjs", audited, packages, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(audit.communicate(), 30)
    results: list[dict[str, Any]] = json.loads(output)
    failed = [result for result in results if result["status"] != "ok"]
    assert not failed
    assert len(results) == COUNT
