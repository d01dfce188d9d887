"""A GraphQL request's parameters, whichever way they came, checked before anything reads them."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson

from app.api.failures import refuse_transport

# Far beyond any input type's nesting, and well inside what a JSON encoder can write back.
_MAX_NESTING = 64
_NAMES = frozenset({"query", "documentId", "operationName", "variables", "extensions"})
# Apollo's form of an id, and the prefix that GraphQL over HTTP's appendix gives the same hash.
_APOLLO, _PREFIX = "persistedQuery", "sha256:"


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters that the GraphQL-over-HTTP specification names; null and absent alike.

    Attributes:
        query: A document, or None where only an id is given.
        document_id: The id of a trusted document: its hash, or what its manifest calls it.
    """

    query: str | None
    document_id: str | None
    operation_name: str | None
    variables: dict[str, Any]


def parameters_from_body(body: bytes) -> Parameters:
    """The parameters of a JSON body.

    Raises:
        Refusal: 400: not JSON in UTF-8, not one request, or a parameter of the wrong type.
    """
    if not body:
        raise refuse_transport(400, "The request has no body; send a JSON object with a query.")
    request = parse_json(body, "The body")
    if isinstance(request, list):
        raise refuse_transport(400, "Batches are not supported: send one request at a time.")
    if not isinstance(request, dict):
        raise refuse_transport(400, "The body must be a JSON object with a query.")
    return parameters_from_object(request)


def parameters_from_url(query_string: bytes) -> Parameters:
    """The parameters of a GET request, `variables` and `extensions` being JSON.

    Raises:
        Refusal: 400: not UTF-8, a parameter given twice, or one of the wrong type.
    """
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50
        )
    except ValueError:
        raise refuse_transport(400, "The URL's parameters are not UTF-8, or too many.") from None
    request: dict[str, Any] = {}
    for name, value in pairs:
        if name not in _NAMES:
            continue
        if name in request:
            raise refuse_transport(400, f"The URL gives {name} twice.")
        is_json = name in {"variables", "extensions"}
        request[name] = parse_json(value.encode(), f"The URL's {name}") if is_json else value
    return parameters_from_object(request)


def parse_json(text: bytes, what: str) -> Any:
    """Parsed JSON that can be written back as JSON.

    Raises:
        Refusal: 400: not JSON in UTF-8, a number out of range, or nested too deeply.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        message = f"{what} is not valid JSON in UTF-8: {error.msg} at {error.pos}."
        raise refuse_transport(400, message) from None
    # Counting brackets first spares almost every request the walk.
    if text.count(b"[") + text.count(b"{") > _MAX_NESTING and _nests_deeper(value, _MAX_NESTING):
        raise refuse_transport(400, f"{what} is nested more than {_MAX_NESTING} levels deep.")
    return value


def parameters_from_object(request: dict[str, Any]) -> Parameters:
    """The parameters of a parsed request.

    Raises:
        Refusal: 400: a parameter is of the wrong type.
    """
    query = request.get("query")
    operation_name = request.get("operationName")
    if operation_name is not None and not isinstance(operation_name, str):
        raise refuse_transport(400, "The parameter operationName must be a string or null.")
    for name in ("variables", "extensions"):
        if not isinstance(request.get(name), dict | None):
            raise refuse_transport(400, f"The parameter {name} must be an object or null.")
    document_id = _document_id(request)
    if not isinstance(query, str) and (query is not None or document_id is None):
        raise refuse_transport(400, "The parameter query must be a string.")
    return Parameters(query, document_id, operation_name, request.get("variables") or {})


def _document_id(request: dict[str, Any]) -> str | None:
    document_id = request.get("documentId")
    persisted = (request.get("extensions") or {}).get(_APOLLO)
    if document_id is None and persisted is not None:
        if not isinstance(persisted, dict) or persisted.get("version") != 1:
            raise refuse_transport(400, f"The extension {_APOLLO} must be an object of version 1.")
        document_id = persisted.get("sha256Hash")
        if not isinstance(document_id, str):
            raise refuse_transport(400, f"The extension {_APOLLO} must have a sha256Hash.")
    if not isinstance(document_id, str | None):
        raise refuse_transport(400, "The parameter documentId must be a string.")
    return None if document_id is None else document_id.removeprefix(_PREFIX)


def _nests_deeper(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit + 1):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return False
    return True
