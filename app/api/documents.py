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
    BAD_USER_INPUT,
    OPERATION_UNRESOLVED,
    PARSE_FAILED,
    PERSISTED_NOT_FOUND,
    PERSISTED_REQUIRED,
    VALIDATION_FAILED,
    Refusal,
    coded,
    refuse,
)
from app.api.parameters import Parameters
from app.api.query_cost import cost
from app.api.query_limits import check_limits
from app.api.trusted_documents import read_trusted_documents, sha256_of
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
    # With variables that ask for the longest pages; and whether others may ask for less.
    max_cost: int
    cost_varies: bool


class Documents:
    """A bounded cache of valid documents by their text, the least recently used dropped first.

    Args:
        schema: For which they are validated.
        settings: Their limits, and where the trusted documents are, which are kept for good.

    Raises:
        ValueError: A trusted document cannot run here; the message says which, and why.
    """

    def __init__(self, schema: GraphQLSchema, settings: Settings) -> None:
        self._schema = schema
        self._settings = settings
        # "Did you mean" tells a stranger the names of a schema that introspection may hide.
        self._hide_suggestions = settings.environment == "production"
        self._entries: OrderedDict[str, tuple[Operation, ...]] = OrderedDict()
        self._characters = 0
        self._trusted_texts: dict[str, str] = {}
        self._trusted: dict[str, tuple[Operation, ...]] = {}
        if settings.trusted_documents is not None:
            self._trusted_texts = read_trusted_documents(settings.trusted_documents)
        for document_id, text in self._trusted_texts.items():
            self._trust(document_id, text)

    def _trust(self, document_id: str, text: str) -> None:
        try:
            self._trusted[text] = self._prepare(text)
        except Refusal as refusal:
            where = self._settings.trusted_documents
            raise ValueError(f"{where}: the document {document_id} is refused: {refusal}") from None

    def requested(self, parameters: Parameters) -> Operation:
        """The operation that a request asks for, by text, by id, or by both.

        Raises:
            Refusal: No trusted document has the id; or the text is not what the id stands for, or
                not trusted where nothing else may run; or `operation` refuses it.
        """
        text = parameters.query
        if parameters.document_id is not None:
            known = self._trusted_texts.get(parameters.document_id)
            if known is None and text is None:
                # Apollo's clients go by these words, and send the text.
                raise refuse(PERSISTED_NOT_FOUND, "PersistedQueryNotFound")
            if text is None:
                text = known
            elif parameters.document_id != sha256_of(text) and text != known:
                raise refuse(BAD_USER_INPUT, "The id is not that of the document sent with it.")
        return self.operation(text or "", parameters.operation_name)

    def operation(self, text: str, name: str | None) -> Operation:
        """The operation of that name, or the only one where no name is given.

        Raises:
            Refusal: The text is not trusted where nothing else may run, does not parse, is over a
                limit, is not valid for the schema, or has no such operation, or several and none
                was named.
        """
        if text in self._trusted:
            return _select(self._trusted[text], name)
        if self._settings.trusted_documents_only:
            raise refuse(PERSISTED_REQUIRED, "Only this server's trusted documents run here.")
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
        max_cost = cost(self._schema, document, node)
        return Operation(
            document,
            node,
            name=node.name.value if node.name else None,
            kind=node.operation,
            max_cost=max_cost,
            cost_varies=max_cost != cost(self._schema, document, node, {}),
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
