"""How much a document may ask for, counted before validation in time linear in its text.

Rules that walk the expanded document are exponential in fragments that spread each other twice;
here each definition is walked once and fragments are added up in dependency order.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from app.api.failures import INTROSPECTION_DISABLED, VALIDATION_FAILED, Refusal, refuse
from app.settings import Settings

# `__typename` tells nothing that the client did not ask by name.
_INTROSPECTION = frozenset({"__schema", "__type"})
# How many fields without fields of their own are compared in the time of one that has some.
_LEAVES = 10


@dataclass(slots=True)
class Scope:
    """The fields that stand together and are merged: of one object, through inline fragments."""

    leaves: Counter[str] = field(default_factory=Counter)
    objects: Counter[str] = field(default_factory=Counter)
    spreads: list[str] = field(default_factory=list)

    def expand(self, fragments: Iterable["Scope"]) -> None:
        """Add the fields of the fragments that are spread here."""
        for fragment in fragments:
            self.leaves.update(fragment.leaves)
            self.objects.update(fragment.objects)


@dataclass(slots=True)
class Cost:
    """What a definition asks for, its fragments expanded; exact, however large."""

    fields: int = 0
    depth: int = 0
    aliases: int = 0
    root_fields: int = 0
    directives: int = 0
    introspects: bool = False
    # Each spread with the depth at which it stands.
    spreads: list[tuple[str, int]] = field(default_factory=list)
    # The definition's own first.
    scopes: list[Scope] = field(default_factory=lambda: [Scope()])


def check_limits(document: DocumentNode, settings: Settings) -> None:
    """Refuse a document of which any operation asks for more than the settings allow.

    Raises:
        Refusal: With the limit's code and both numbers; or for fragments that spread in a ring; or
            for introspection where the settings allow none.
    """
    fragments: dict[str, Cost] = {}
    operations: list[Cost] = []
    for definition in document.definitions:
        if isinstance(definition, FragmentDefinitionNode):
            fragments[definition.name.value] = _own_cost(definition)
        elif isinstance(definition, OperationDefinitionNode):
            operations.append(_own_cost(definition))

    spreads = sum(len(cost.spreads) for cost in (*fragments.values(), *operations))
    count = len(fragments) + spreads
    _check("FRAGMENTS", "fragments and spreads", count, settings.max_query_fragments)
    if not settings.introspection and any(
        c.introspects for c in (*fragments.values(), *operations)
    ):
        raise refuse(INTROSPECTION_DISABLED, "This server does not tell its schema.")
    for name in _dependencies_first(fragments):
        _expand(fragments[name], fragments)
    # Unused fragments cost validation as much as used ones: they count as operations do.
    for cost in operations:
        _expand(cost, fragments)
        _check("ROOT_FIELDS", "root fields", cost.root_fields, settings.max_query_root_fields)
    for cost in (*operations, *fragments.values()):
        _check("DEPTH", "levels of fields", cost.depth, settings.max_query_depth)
        _check("FIELDS", "fields", cost.fields, settings.max_query_fields)
        _check("ALIASES", "aliases", cost.aliases, settings.max_query_aliases)
        _check("DIRECTIVES", "directives", cost.directives, settings.max_query_directives)
        _check_repeats(cost, settings.max_query_repeats)


def _check_repeats(cost: Cost, limit: int) -> None:
    # Validation compares fields of one name pairwise, and what is within them again.
    for scope in cost.scopes:
        objects = max(scope.objects.values(), default=0)
        leaves = max(scope.leaves.values(), default=0)
        _check("REPEATS", "objects of one name in one place", objects, limit)
        _check("REPEATS", "fields of one name in one place", leaves, limit * _LEAVES)


def _check(code: str, what: str, count: int, limit: int) -> None:
    if count > limit:
        # A count can have hundreds of digits, and says nothing beyond some size.
        shown = f"{count:,}" if count < 1_000_000 else "millions of"
        message = f"The document has {shown} {what}, fragments expanded; {limit:,} are allowed."
        raise refuse(f"MAX_{code}_LIMIT", message)


def _own_cost(definition: OperationDefinitionNode | FragmentDefinitionNode) -> Cost:
    cost = Cost(directives=len(definition.directives or ()))
    for selection, depth, scope in _selections(definition.selection_set, cost.scopes):
        cost.directives += len(selection.directives or ())
        if isinstance(selection, FragmentSpreadNode):
            cost.spreads.append((selection.name.value, depth))
            scope.spreads.append(selection.name.value)
        elif isinstance(selection, FieldNode):
            cost.fields += 1
            cost.introspects |= selection.name.value in _INTROSPECTION
            cost.depth = max(cost.depth, depth)
            cost.aliases += selection.alias is not None
            cost.root_fields += depth == 1
            named = scope.leaves if selection.selection_set is None else scope.objects
            named[(selection.alias or selection.name).value] += 1
    return cost


def _selections(
    root: SelectionSetNode, scopes: list[Scope]
) -> Iterator[tuple[SelectionNode, int, Scope]]:
    rest = [(root, 1, scopes[0])]
    while rest:
        selections, depth, scope = rest.pop()
        for selection in selections.selections:
            yield selection, depth, scope
            nested = getattr(selection, "selection_set", None)
            if nested is None:
                continue
            if isinstance(selection, FieldNode):
                scopes.append(Scope())
                rest.append((nested, depth + 1, scopes[-1]))
            else:
                rest.append((nested, depth, scope))


def _dependencies_first(fragments: dict[str, Cost]) -> Iterator[str]:
    graph = {
        name: [spread for spread, _ in cost.spreads if spread in fragments]
        for name, cost in fragments.items()
    }
    try:
        yield from TopologicalSorter(graph).static_order()
    except CycleError as error:
        ring = " → ".join(error.args[1])
        raise _cycle(ring) from None


def _cycle(ring: str) -> Refusal:
    return refuse(VALIDATION_FAILED, f"Fragments must not spread themselves: {ring}.")


def _expand(cost: Cost, fragments: dict[str, Cost]) -> None:
    for scope in cost.scopes:
        scope.expand(fragments[name].scopes[0] for name in scope.spreads if name in fragments)
    for name, depth in cost.spreads:
        # An unknown fragment is validation's to report.
        if (fragment := fragments.get(name)) is not None:
            cost.fields += fragment.fields
            cost.depth = max(cost.depth, depth - 1 + fragment.depth)
            cost.aliases += fragment.aliases
            cost.directives += fragment.directives
            if depth == 1:
                cost.root_fields += fragment.root_fields
