"""A server that speaks as S3 does, and the application on top of it."""

import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import boto3
import httpx
import pytest
from pydantic import SecretStr

from app.services import Services
from app.settings import Settings
from app.stores.files import Files, LocalFiles, S3Files
from tests.factories import World
from tests.server import serve

BUCKET = "isthmus-tests"


@pytest.fixture(scope="session")
def s3_settings(settings: Settings) -> Iterator[Settings]:
    """Settings that name a bucket of a server of its own process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = (
        "from moto.server import DomainDispatcherApplication, create_backend_app\n"
        "from werkzeug.serving import run_simple\n"
        "app = DomainDispatcherApplication(create_backend_app)\n"
        f"run_simple('127.0.0.1', {port}, app, threaded=True)\n"
    )
    server = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    endpoint = f"http://127.0.0.1:{port}"
    try:
        while True:
            assert server.poll() is None, "the server of S3 does not start"
            try:
                httpx.get(endpoint)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        keys = {"aws_access_key_id": "tests", "aws_secret_access_key": "secret"}
        client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **keys)
        client.create_bucket(Bucket=BUCKET)
        client.close()
        yield settings.model_copy(
            update={
                "s3_bucket": BUCKET,
                "s3_endpoint": endpoint,
                "s3_access_key": SecretStr("tests"),
                "s3_secret_key": SecretStr("secret"),
            }
        )
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(params=["disk", "s3"])
async def files(
    request: pytest.FixtureRequest, tmp_path: Path, s3_settings: Settings
) -> AsyncIterator[Files]:
    """A store of files of each kind, empty."""
    if request.param == "disk":
        yield LocalFiles(tmp_path / "files")
        return
    store = S3Files(s3_settings, BUCKET, tmp_path.name)
    yield store
    await store.close()


@pytest.fixture(scope="session", params=["disk", "s3"])
async def filing(
    request: pytest.FixtureRequest, settings: Settings, s3_settings: Settings
) -> AsyncIterator[tuple[Services, str]]:
    """The application on a store of files of each kind, with small limits, and its address."""
    chosen = settings if request.param == "disk" else s3_settings
    small = {
        "attachment_max_bytes": 8_000_000,
        "attachment_total_bytes": 10_000_000,
        "attachment_daily_uploads": 12,
        "attachment_timeout": 2.0,
    }
    async with serve(chosen.model_copy(update=small)) as (app, url):
        services: Services = app.state.services
        yield services, url


@pytest.fixture
async def town(filing: tuple[Services, str]) -> AsyncIterator[World]:
    """Makes people who use it, whom no other test knows."""
    world = World(*filing)
    yield world
    await world.close()
