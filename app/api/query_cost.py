"""What a response may cost, its pages being full: small documents can ask for billions."""

import math
from collections.abc import Iterator, Mapping
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
    NullValueNode,
    ObjectValueNode,
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
from app.chat.changes import MAX_EMOJIS
from app.groups.members import MAX_MEMBERS
from app.media import MAX_ATTACHMENTS
from app.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE

# An object costs a loader's key and an await: as much time as this many scalars, as measured.
OBJECT = 8
# A list of scalars that is as long as a group has members; an item of it has no resolver.
_LONG = {("Group", "memberIds"): MAX_MEMBERS // 5}
# A row's own lists are as long as its writers make them.
_LENGTHS = {
    ("Message", "attachments"): MAX_ATTACHMENTS,
    ("Message", "reactions"): MAX_EMOJIS,
    ("MessageEdit", "attachments"): MAX_ATTACHMENTS,
    ("ModerationSnapshot", "media"): MAX_ATTACHMENTS,
    ("Product", "media"): MAX_ATTACHMENTS,
    ("ScheduledMessage", "attachments"): MAX_ATTACHMENTS,
}
# What reads through many rows for a few: as much time as this many scalars, as measured.
READING_THROUGH = 4_000
# By which arguments and conditions a root field does.
_READ_THROUGH = {
    "conversations": frozenset(
        {"titleContains", "participantName", "productId", "causes"}
        | {"isUnread", "isArchived", "isMuted"}
    ),
    "groups": frozenset({"nameContains"}),
    "products": frozenset({"titleContains"}),
    "productSearch": frozenset({"query"}),
    "messageSearch": frozenset({"query"}),
}


def cost(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any] | None = None,
) -> int:
    """The cost of the largest response that an operation can have: a scalar's is 1.

    An object costs `OBJECT` more than its fields, and a scalar that is looked up as much. A
    connection counts as full, a list of ids as found, and files and reactions as many as there may
    be; other lists are a row's own and count once. What reads through many rows costs
    `READING_THROUGH` more. Each fragment is counted once, so the
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
        place = parent.name, node.name.value
        if field is None or node.selection_set is None:
            return _LONG.get(place) or (OBJECT if field and _is_looked_up(field) else 1)
        nested = self.count(node.selection_set, get_named_type(field.type))
        if is_introspection_type(get_named_type(field.type)):
            length = introspected_lengths(self._schema).get(node.name.value, 1)
            return 1 + math.ceil(length * nested)
        is_list = is_list_type(get_nullable_type(field.type))
        own = 1 if is_list else OBJECT
        if parent is self._schema.query_type and self._reads_through(node):
            own += READING_THROUGH
        return own + _LENGTHS.get(place, self._length(node, field, is_list=is_list)) * nested

    def _reads_through(self, node: FieldNode) -> bool:
        slow = _READ_THROUGH.get(node.name.value)
        return slow is not None and not slow.isdisjoint(self._asked(node))

    def _asked(self, node: FieldNode) -> Iterator[str]:
        """The names of a field's arguments and of the conditions in them, but for nulls."""
        for argument in node.arguments or ():
            value = argument.value
            if isinstance(value, ObjectValueNode):
                given = (f for f in value.fields if not isinstance(f.value, NullValueNode))
                yield from (f.name.value for f in given)
            elif isinstance(value, VariableNode) and self._variables is None:
                yield from _READ_THROUGH[node.name.value]
            elif isinstance(value, VariableNode) and self._variables is not None:
                values = self._variables.get(value.name.value)
                if isinstance(values, dict):
                    yield from (name for name, item in values.items() if item is not None)
            yield argument.name.value

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


def _is_looked_up(field: GraphQLField) -> bool:
    definition = field.extensions.get("strawberry-definition")
    resolver = getattr(definition, "base_resolver", None)
    return resolver is not None and resolver.is_async
