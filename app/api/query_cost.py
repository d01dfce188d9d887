"""What a response may cost, its pages being full: small documents can ask for billions."""

import math
from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_introspection_type,
    is_list_type,
)

from app.api.introspection_cost import introspected_lengths
from app.groups.members import MAX_MEMBERS
from app.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE

# An object costs a loader's key and an await: as much time as this many scalars, as measured.
OBJECT = 8
# A list of scalars that is as long as a group has members; an item of it has no resolver.
_LONG = {("Group", "memberIds"): MAX_MEMBERS // 5}


def cost(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any] | None = None,
) -> int:
    """The cost of the largest response that an operation can have: a scalar's is 1.

    An object costs `OBJECT` more than its fields. A connection counts as full, and a list of ids
    as found; other lists are a row's own and count once. Each fragment is counted once, so the
    time is linear in the document.

    Args:
        schema: For which the document is valid, which bounds how deep its fragments nest.
        document: Has the fragments.
        operation: Of the document.
        variables: As coerced; without them every page and list is as long as one may be.
    """
    root = schema.get_root_type(operation.operation)
    return _Counter(schema, document, variables).count(operation.selection_set, root)


class _Counter:
    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any] | None
    ) -> None:
        self._schema = schema
        self._variables = variables
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._counted: dict[str, int] = {}

    def count(self, selections: SelectionSetNode, parent: GraphQLNamedType | None) -> int:
        total = 0
        for selection in selections.selections:
            if isinstance(selection, FragmentSpreadNode):
                total += self._fragment(selection.name.value)
            elif isinstance(selection, FieldNode):
                total += self._field(selection, parent)
            else:
                condition = getattr(selection, "type_condition", None)
                kind = self._schema.get_type(condition.name.value) if condition else parent
                total += self.count(selection.selection_set, kind)  # type: ignore[attr-defined]
        return total

    def _fragment(self, name: str) -> int:
        if name not in self._counted:
            fragment = self._fragments[name]
            kind = self._schema.get_type(fragment.type_condition.name.value)
            self._counted[name] = self.count(fragment.selection_set, kind)
        return self._counted[name]

    def _field(self, node: FieldNode, parent: Any) -> int:
        composite: GraphQLCompositeType = parent
        field = self._schema.get_field(composite, node.name.value)
        if field is None or node.selection_set is None:
            return _LONG.get((parent.name, node.name.value), 1)
        nested = self.count(node.selection_set, get_named_type(field.type))
        if is_introspection_type(get_named_type(field.type)):
            length = introspected_lengths(self._schema).get(node.name.value, 1)
            return 1 + math.ceil(length * nested)
        is_list = is_list_type(get_nullable_type(field.type))
        own = 1 if is_list else OBJECT
        return own + self._length(node, field, is_list=is_list) * nested

    def _length(self, node: FieldNode, field: GraphQLField, *, is_list: bool) -> int:
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        if "first" in field.args or "last" in field.args:
            sizes = [self._size(given[name]) for name in ("first", "last") if name in given]
            known = [size for size in sizes if size is not None]
            return max(known, default=DEFAULT_PAGE_SIZE)
        if is_list:
            return max((self._items(value) for value in given.values()), default=1)
        return 1

    def _size(self, value: ValueNode) -> int | None:
        if isinstance(value, IntValueNode):
            # Validation has refused what is no 32-bit integer; resolvers refuse larger pages.
            return min(max(int(value.value), 0), MAX_PAGE_SIZE)
        if isinstance(value, VariableNode):
            if self._variables is None:
                return MAX_PAGE_SIZE
            size = self._variables.get(value.name.value)
            return min(max(size, 0), MAX_PAGE_SIZE) if isinstance(size, int) else None
        return None

    def _items(self, value: ValueNode) -> int:
        if isinstance(value, ListValueNode):
            return len(value.values)
        if isinstance(value, VariableNode):
            if self._variables is None:
                return MAX_PAGE_SIZE
            items = self._variables.get(value.name.value)
            return len(items) if isinstance(items, list) else 1
        return 1
