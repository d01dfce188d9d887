"""Several commands on one home."""

from pathlib import Path

import pytest

from app.embedded import (
    HomeBusyError,
    hold_home,
    open_home,
    stop_unused_stores,
    store_status,
    use_stores,
)


def running(home: Path) -> list[str]:
    return [store.name for store in store_status(home) if store.ready]


def test_the_last_user_stops_the_stores(home: Path) -> None:
    with use_stores(home, "outer", only={"redis"}):
        with use_stores(home, "inner", only={"redis"}) as inner:
            assert inner.started == set()
        assert running(home) == ["redis"]
    assert running(home) == []


def test_a_user_that_fails_stops_the_stores_too(home: Path) -> None:
    def fail() -> None:
        with use_stores(home, "failing", only={"redis"}):
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert running(home) == []


def test_stores_in_use_are_not_stopped_by_others(home: Path) -> None:
    with use_stores(home, "isthmus seed", only={"redis"}):
        with pytest.raises(HomeBusyError, match=r"in use by `isthmus seed` \(process \d+\)"):
            stop_unused_stores(home, "isthmus stores down")
        assert running(home) == ["redis"]


def test_a_second_holder_hears_who_holds_the_home(home: Path) -> None:
    opened = open_home(home)
    with (
        hold_home(opened, "isthmus dev"),
        pytest.raises(HomeBusyError, match=r"`isthmus dev` \(process \d+\).*ISTHMUS_HOME"),
        hold_home(opened, "isthmus dev"),
    ):
        pytest.fail("held twice")
    with hold_home(opened, "isthmus dev"):
        assert (opened / "server.lock").read_text().startswith("`isthmus dev`")
