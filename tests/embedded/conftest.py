import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.embedded import StoresError, stop_stores


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home whose stores, whatever a test does to them, are gone afterwards."""
    yield tmp_path / "home"
    with contextlib.suppress(StoresError):
        stop_stores(tmp_path / "home", durable=False)
