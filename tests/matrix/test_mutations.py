"""Every mutation, by everybody in each role: done, or refused without a trace."""

from typing import Any
from uuid import uuid4

import pytest
from graphql import get_named_type

from app.services import Services
from tests.matrix.asking import fields, filled, is_hidden, selection
from tests.matrix.columns import ANONYMOUS, DONE, FOUND, ROLES, STRANGER, Outcome
from tests.matrix.estate import Estate
from tests.matrix.rules.mutations import MUTATIONS
from tests.matrix.rules.roots import Ask
from tests.matrix.targets import aimed
from tests.matrix.witness import changed, listening, stored

CASES = [(field, case) for field, cases in MUTATIONS.items() for case in cases]


async def attempt(
    workshop: Estate, role: str, field: str, ask: Ask, words: dict[str, str]
) -> Outcome:
    # What is done shows all that can be reached from it: no way around either.
    depth = 2 if ask.row[role] in (DONE, FOUND) else 1
    payload = selection(get_named_type(fields("Mutation")[field].type), depth)
    own = workshop.people[STRANGER if role == ANONYMOUS else role].id
    key = uuid4().hex
    new = {"key": key, "mail": f"{key}@example.org", "self": own}
    given = filled(ask.arguments, words | new)
    document = f"mutation {{ {field}{given} {payload} }}"
    found: dict[str, Any] = (await workshop.clients[role].run(document))[field]
    errors = found.pop("errors")
    if not errors:
        assert not any(map(is_hidden, found.values())), found
        return DONE
    assert all(map(is_hidden, found.values())), found
    (error,) = errors
    if error["field"] is not None:
        assert error["field"][0] in fields("Mutation")[field].args, error
    code: str = error["code"]
    return code


@pytest.mark.parametrize(("field", "case"), CASES)
async def test_a_mutation_does_what_its_rule_says(
    field: str, case: str, workshop: Estate, services: Services
) -> None:
    ask = MUTATIONS[field][case]
    row = ask.row
    does = [role for role in ROLES if row[role] in (DONE, FOUND)]
    # One target for all who are refused: it stays what it is.
    aim = await aimed(workshop, ask.arguments)
    aims = {role: await aimed(workshop, ask.arguments) if role in does else aim for role in ROLES}
    wrong = []
    before = await stored(services)

    async def attempts(roles: list[str]) -> tuple[list[str], list[bytes]]:
        nonlocal before
        for role in roles:
            outcome = await attempt(workshop, role, field, ask, aims[role])
            expected = DONE if row[role] == FOUND else row[role]
            if outcome != expected:
                wrong.append(f"{role} gets {outcome}, and should get {row[role]}")
        known, before = before, await stored(services) if roles else before
        return changed(known, before), await listener.heard()

    async with listening(workshop) as listener:
        await listener.heard()
        refused = await attempts([role for role in ROLES if role not in does])
        found = await attempts([role for role in does if row[role] == FOUND])
        done = await attempts([role for role in does if row[role] == DONE])

    assert not wrong, "\n".join(wrong)
    assert refused == ([], []), "a refusal left a trace"
    assert found == ([], []), "what was there already was changed"
    assert bool(done[0]) is (DONE in row.values()), "the witness sees nothing"
