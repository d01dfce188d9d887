"""The committed schema is the one that is served, and a change that breaks clients is seen."""

from pathlib import Path

import pytest
from graphql import (
    build_client_schema,
    build_schema,
    get_introspection_query,
    introspection_from_schema,
    lexicographic_sort_schema,
    print_schema,
)

import app
from app.api.sdl import breaking_changes, print_sdl
from tests.client import Client

COMMITTED = Path(app.__file__).parents[1] / "schema.graphql"


def test_the_committed_schema_is_current() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == print_sdl(), "run `make schema`"


async def test_introspection_tells_the_committed_schema(anonymous: Client) -> None:
    told = build_client_schema(await anonymous.run(get_introspection_query(specified_by_url=True)))  # type: ignore[arg-type]

    expected = build_schema(print_sdl())
    assert print_schema(lexicographic_sort_schema(told)) == print_schema(
        lexicographic_sort_schema(expected)
    )


@pytest.mark.parametrize(
    ("before", "after", "broken"),
    [
        ("  title: String!\n", "", "Field Product.title was removed."),
        ("  title: String!\n", "  title: String\n", "Product.title changed type"),
        ("  ELDER_CARE\n", "", "Enum value Cause.ELDER_CARE was removed."),
        (
            "input ProductSubmitInput {\n",
            "input ProductSubmitInput {\n  reason: String!\n",
            "A required field ProductSubmitInput.reason was added.",
        ),
    ],
)
def test_a_breaking_change_is_found(before: str, after: str, broken: str) -> None:
    served = _without_descriptions(print_sdl())
    where = served.index("type Product implements Node") if "title" in before else 0
    changed = served[:where] + served[where:].replace(before, after, 1)
    assert changed != served

    (found,) = breaking_changes(served, changed)

    assert broken.rstrip(".") in found


def test_what_is_added_breaks_nobody() -> None:
    served = _without_descriptions(print_sdl())
    more = served.replace("  title: String!\n", "  title: String!\n  subtitle: String\n")
    more = more.replace("input ProductSubmitInput {\n", "input ProductSubmitInput {\n  a: Int\n")

    assert more != served
    assert breaking_changes(served, more) == []


def _without_descriptions(sdl: str) -> str:
    told = introspection_from_schema(build_schema(sdl), descriptions=False)
    return print_schema(build_client_schema(told))
