"""What every object with an id has in common."""

from typing import Any

import strawberry
from strawberry import Parent

from app.api.ids import global_id


@strawberry.interface(description="An object with an id by which `node` finds it again.")
class Node:
    """Relay's Node."""

    id: strawberry.ID = strawberry.field(description="The object's opaque, lasting id.")


def id_of(type_name: str, key: str = "id") -> Any:
    """The field `id`: a type's name and a record's key, in one."""

    def resolve(root: Parent[Any]) -> strawberry.ID:
        return global_id(type_name, getattr(root, key))

    return strawberry.field(resolver=resolve, description="The object's opaque, lasting id.")
