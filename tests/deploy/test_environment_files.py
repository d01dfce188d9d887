"""The files that give `docker-compose.yml` its variables say all of them, and no real secret."""

import re
from pathlib import Path


def assignments(path: Path, *, commented: bool) -> dict[str, str]:
    """The variables of an env file; those commented out too, if wanted."""
    pattern = rf"^{'#?' if commented else ''}([A-Z][A-Z0-9_]*)=(.*)$"
    return dict(re.findall(pattern, path.read_text(), flags=re.MULTILINE))


def test_example_names_every_variable_and_gives_no_secret(
    root: Path, variables: dict[str, bool]
) -> None:
    example = root / ".env.example"
    assert set(assignments(example, commented=True)) == set(variables)
    given = assignments(example, commented=False)
    assert {name: given[name] for name, required in variables.items() if required} == {
        name: "" for name, required in variables.items() if required
    }


def test_development_gives_what_is_required_and_says_what_it_is(
    root: Path, variables: dict[str, bool]
) -> None:
    path = root / "deploy" / "development.env"
    given = assignments(path, commented=False)
    assert {name for name, required in variables.items() if required} <= set(given)
    assert set(given) <= set(variables)
    assert given["ISTHMUS_ENV"] == "development"
    secrets = {value for name, value in given.items() if variables[name]}
    assert secrets == {"development-only", "developmentonly"}
    assert "never use them" in path.read_text()


def test_git_ignores_the_file_with_the_secrets(root: Path) -> None:
    assert ".env" in (root / ".gitignore").read_text().splitlines()
