"""REST as OpenAPI 3.1 describes it, made of the models that check and answer its requests."""

from importlib.metadata import version
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.api.rest.models import Health, Message, MessagePage, MessagesQuery, NewMessage, Problem
from app.api.rest.resource import PROBLEM
from app.once import MAX_KEY_LENGTH

_SCHEMAS = "#/components/schemas/"
_BODIES: tuple[type[BaseModel], ...] = (Health, Message, MessagePage, NewMessage, Problem)
_JSON = "application/json"

_ROOM_ID = {
    "name": "roomId",
    "in": "path",
    "required": True,
    "description": "A conversation's opaque id, or a group's, which stands for its conversation.",
    "schema": {"type": "string", "minLength": 1, "pattern": "^[A-Za-z0-9_=-]+$"},
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The message's client key, if its body has none.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH + len('""')},
}
# What each request may be refused for, besides what its own operation adds.
_REFUSALS = {
    "400": "A value is missing or breaks its rule.",
    "401": "Nobody is signed in, or the token does not hold.",
    "404": "There is no such room that you belong to.",
    "429": "Too much at once; `retryAfter` says when to come back.",
    "500": "A fault of the server, which its log has under the `id`.",
    "503": "A database does not answer: send the same again later.",
    "504": "It took too long.",
}
_REFUSED_BODIES = {
    "408": "The body did not arrive in time.",
    "413": "The body is too large.",
    "415": "The body is not JSON in UTF-8.",
    "422": "The client key sent another message before.",
}


def openapi_document() -> dict[str, Any]:
    """The document; every schema in it is made from a model."""
    _, definitions = models_json_schema(
        [(model, "validation" if model is NewMessage else "serialization") for model in _BODIES],
        ref_template=f"{_SCHEMAS}{{model}}",
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Isthmus",
            "version": version("isthmus"),
            "description": "Conversations for clients that speak no GraphQL; ids are the same.",
        },
        "paths": {
            "/api/health": {"get": _health()},
            "/api/rooms/{roomId}/messages": {
                "parameters": [_ROOM_ID],
                "get": _list_messages(),
                "post": _send_message(),
            },
        },
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _list_messages() -> dict[str, Any]:
    properties = MessagesQuery.model_json_schema()["properties"]
    return {
        "operationId": "listMessages",
        "summary": "The messages of a room, the newest first.",
        "security": [{"token": []}],
        "parameters": [
            {"name": name, "in": "query", "description": kind.pop("description"), "schema": kind}
            for name, kind in properties.items()
        ],
        "responses": {"200": _content("A page.", MessagePage), **_problems(_REFUSALS)},
    }


def _send_message() -> dict[str, Any]:
    return {
        "operationId": "sendMessage",
        "summary": "Send a message. What is acknowledged is never lost.",
        "security": [{"token": []}],
        "parameters": [_IDEMPOTENCY_KEY],
        "requestBody": {"required": True, "content": {_JSON: {"schema": _reference(NewMessage)}}},
        "responses": {
            "201": _content("The message, also of an earlier attempt.", Message),
            **_problems(_REFUSALS | _REFUSED_BODIES),
        },
    }


def _health() -> dict[str, Any]:
    return {
        "operationId": "health",
        "summary": "Whether the databases answer.",
        "responses": {
            "200": _content("At least one of them does.", Health),
            "503": _content("None does.", Health),
        },
    }


def _content(description: str, model: type[BaseModel], media_type: str = _JSON) -> dict[str, Any]:
    return {
        "description": description,
        "content": {media_type: {"schema": _reference(model)}},
    }


def _problems(refusals: dict[str, str]) -> dict[str, Any]:
    return {status: _content(text, Problem, PROBLEM) for status, text in refusals.items()}


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"{_SCHEMAS}{model.__name__}"}
