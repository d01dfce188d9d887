"""Each store is spoken to by one layer, and what is stored, read and shown are three things."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel
from sqlalchemy.orm import DeclarativeBase
from strawberry.types.base import StrawberryObjectDefinition

from app.api.schema import schema

ROOT = Path(__file__).parents[2]


@pytest.mark.covers("B5", "B10")
def test_rooms_import_what_they_may() -> None:
    """The contracts of `pyproject.toml`: drivers are below the domains, GraphQL is above them."""
    command = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout.decode()


@pytest.mark.covers("B10")
def test_no_type_of_the_graph_is_a_table_or_a_document() -> None:
    definitions = [
        named.definition
        for named in schema.schema_converter.type_map.values()
        if isinstance(named.definition, StrawberryObjectDefinition)
    ]
    assert len(definitions) > 100
    assert not [d.name for d in definitions if issubclass(d.origin, (DeclarativeBase, BaseModel))]
