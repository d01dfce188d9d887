"""Documents, parsed, limited and validated once and kept: most clients send few, often."""

from collections import OrderedDict
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule

from app.api.failures import (
    OPERATION_UNRESOLVED,
    PARSE_FAILED,
    VALIDATION_FAILED,
    Refusal,
    coded,
    refuse,
)
from app.api.query_cost import cost
from app.api.query_limits import check_limits
from app.settings import Settings

# Strawberry's rule for one-of inputs fails on fragments; its coercion checks the same at run time.
_RULES = (*specified_rules, MaybeNullValidationRule)
_MAX_ERRORS = 10
_MAX_COMMENTS = 500
# A token takes up to 600 bytes of memory and two characters of text: at worst about 150 MB.
_CACHED_CHARACTERS = 524_288


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a valid document, ready to run."""

    document: DocumentNode
    node: OperationDefinitionNode
    name: str | None
    kind: OperationType
    # Over the limit if its variables ask for the longest pages: counted again with each of them.
    may_be_costly: bool


class Documents:
    """A bounded cache of valid documents by their text, the least recently used dropped first."""

    def __init__(self, schema: GraphQLSchema, settings: Settings) -> None:
        self._schema = schema
        self._settings = settings
        # "Did you mean" tells a stranger the names of a schema that introspection may hide.
        self._hide_suggestions = settings.environment == "production"
        self._entries: OrderedDict[str, tuple[Operation, ...]] = OrderedDict()
        self._characters = 0

    def operation(self, text: str, name: str | None) -> Operation:
        """The operation of that name, or the only one where no name is given.

        Raises:
            Refusal: The text does not parse, is over a limit, is not valid for the schema, or
                has no such operation, or several and none was named.
        """
        operations = self._entries.get(text)
        if operations is None:
            operations = self._prepare(text)
            self._keep(text, operations)
        else:
            self._entries.move_to_end(text)
        return _select(operations, name)

    def _prepare(self, text: str) -> tuple[Operation, ...]:
        try:
            document = parse(
                text,
                max_lexical_tokens=self._settings.max_query_tokens,
                max_comments=_MAX_COMMENTS,
                max_source_length=self._settings.max_query_length,
            )
        except GraphQLError as error:
            raise Refusal(coded([error], PARSE_FAILED)) from error
        check_limits(document, self._settings)
        errors = validate(
            self._schema,
            document,
            _RULES,
            max_errors=_MAX_ERRORS,
            hide_suggestions=self._hide_suggestions,
        )
        if errors:
            raise Refusal(coded(errors, VALIDATION_FAILED))
        return tuple(
            self._prepare_operation(document, node)
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode)
        )

    def _prepare_operation(
        self, document: DocumentNode, node: OperationDefinitionNode
    ) -> Operation:
        return Operation(
            document,
            node,
            name=node.name.value if node.name else None,
            kind=node.operation,
            may_be_costly=cost(self._schema, document, node) > self._settings.max_query_cost,
        )

    def _keep(self, text: str, operations: tuple[Operation, ...]) -> None:
        self._entries[text] = operations
        self._characters += len(text)
        while (
            len(self._entries) > self._settings.document_cache_size
            or self._characters > _CACHED_CHARACTERS
        ):
            dropped, _ = self._entries.popitem(last=False)
            self._characters -= len(dropped)

    def __len__(self) -> int:
        return len(self._entries)


def _select(operations: tuple[Operation, ...], name: str | None) -> Operation:
    if name is None and len(operations) == 1:
        return operations[0]
    if not operations:
        raise refuse(OPERATION_UNRESOLVED, "The document has no operation.")
    if name is None:
        message = "The document has several operations: name one in operationName."
        raise refuse(OPERATION_UNRESOLVED, message)
    for operation in operations:
        if operation.name == name:
            return operation
    raise refuse(OPERATION_UNRESOLVED, f"The document has no operation named {name[:100]!r}.")
