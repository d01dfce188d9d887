"""The schema in its own language, and what a change of it breaks for clients."""

from graphql import BreakingChange, build_schema, find_breaking_changes, print_schema

from app.api.schema import schema


def print_sdl() -> str:
    """The schema that the server serves."""
    return print_schema(schema._schema) + "\n"  # noqa: SLF001 - Strawberry has no public name


def breaking_changes(before: str, after: str) -> list[str]:
    """What clients of `before` can no longer do with `after`, a line each."""
    changes: list[BreakingChange] = find_breaking_changes(build_schema(before), build_schema(after))
    return [change.description for change in changes]
