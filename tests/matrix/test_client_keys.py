"""Every mutation, sent many times at once to two servers, and again after: it is done once."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from graphql import get_named_type

from app.services import Services
from app.settings import Settings
from tests.client import Client
from tests.matrix.asking import fields, filled, selection
from tests.matrix.columns import DONE, FOUND, ROLES
from tests.matrix.estate import Estate
from tests.matrix.rules.mutations import MUTATIONS
from tests.matrix.targets import aimed
from tests.matrix.witness import Stored, changed, listening, stored
from tests.server import serve

# Of each mutation the first case in which somebody does it, and who.
DOABLE = {
    field: next(
        (ask.arguments, role)
        for ask in cases.values()
        for role in reversed(ROLES)
        if ask.row[role] in (DONE, FOUND)
    )
    for field, cases in MUTATIONS.items()
    if any({DONE, FOUND} & set(ask.row.values()) for ask in cases.values())
}
AT_ONCE = 6
# One key for all: another mutation's, and another user's, is another key.
KEY = uuid4().hex
# What is harmless if repeated, and notes no key; and what has nothing beside its key to say.
NO_OTHER_BODY = {
    *("conversationMarkRead", "conversationTyping", "conversationStart", "answerAppend"),
    *("sessionRevoke", "sessionRevokeAll", "dataExportRequest"),
}


@pytest.fixture(scope="session")
async def second_url(matrix_settings: Settings) -> AsyncIterator[str]:
    """Another server on the same stores, with connections of its own."""
    async with serve(matrix_settings) as (_, url):
        yield url


def document_of(field: str, arguments: str, words: dict[str, str]) -> str:
    """The mutation with everything that its payload shows."""
    payload = selection(get_named_type(fields("Mutation")[field].type), 1)
    return f"mutation {{ {field}{filled(arguments, words)} {payload} }}"


def otherwise(arguments: str) -> str:
    """The same with another text or choice in it, if there is one."""
    return re.sub(r'"\w[^"]*', r"\g<0>s", arguments, count=1).replace("DARK", "LIGHT")


def rows_added(before: Stored, after: Stored) -> dict[str, int]:
    return {name: after[name][0] - before.get(name, (0, ""))[0] for name in after}


@pytest.mark.parametrize("field", DOABLE)
async def test_one_key_at_once_and_again_is_done_once(
    field: str, workshop: Estate, services: Services, second_url: str
) -> None:
    arguments, role = DOABLE[field]
    person = workshop.people[role]
    alone, many = [
        document_of(
            field, arguments, await aimed(workshop, arguments) | {"self": person.id, "key": key}
        )
        for key in (f"{KEY} alone", KEY)
    ]

    async with Client(second_url, person.token) as second, listening(workshop) as listener:
        await listener.heard()
        start = await stored(services)
        assert (await person.client.run(alone))[field]["errors"] == []
        before, told_alone = await stored(services), set(await listener.heard())

        clients = [person.client, second] * (AT_ONCE // 2)
        answers: list[Any] = await asyncio.gather(*(client.run(many) for client in clients))
        after, told = await stored(services), set(await listener.heard())
        again = await second.run(many)

    assert answers[0][field]["errors"] == []
    assert [*answers, again] == [answers[0]] * (AT_ONCE + 1)
    # At most: what the first did to somebody whom both are about, the others find done.
    allowed = rows_added(start, before)
    assert all(added <= allowed[name] for name, added in rows_added(before, after).items())
    assert len(told) <= len(told_alone)
    assert changed(after, await stored(services)) == [], "a retry left a trace"


@pytest.mark.parametrize("field", sorted(DOABLE.keys() - NO_OTHER_BODY))
async def test_a_key_that_comes_with_another_body_is_refused(
    field: str, workshop: Estate, services: Services
) -> None:
    arguments, role = DOABLE[field]
    person = workshop.people[role]
    own = {"self": person.id, "key": f"{KEY} other"}
    words = await aimed(workshop, arguments) | own
    one = document_of(field, arguments, words)
    if (changed_arguments := otherwise(arguments)) == arguments:  # then it is about another
        words = await aimed(workshop, arguments) | own
    other = document_of(field, changed_arguments, words)
    done = (await person.client.run(one))[field]
    assert done["errors"] == []
    before = await stored(services)

    refused = (await person.client.run(other))[field]
    assert [error["code"] for error in refused["errors"]] == ["CLIENT_KEY_REUSED"], refused
    assert changed(before, await stored(services)) == []
    assert (await person.client.run(one))[field] == done
