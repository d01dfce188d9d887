"""Every root field, asked in every way that leads to something hidden."""

import pytest
from graphql import get_named_type

from tests.matrix.asking import agrees, code_of, fields, filled, selection
from tests.matrix.columns import ROLES
from tests.matrix.estate import Estate
from tests.matrix.rules.mutations import MUTATIONS
from tests.matrix.rules.roots import ROOTS, SUBSCRIPTIONS

CASES = [(field, case) for field, cases in ROOTS.items() for case in cases]
RULES = {"Query": ROOTS, "Mutation": MUTATIONS, "Subscription": SUBSCRIPTIONS}


@pytest.mark.parametrize(("field", "case"), CASES)
async def test_a_root_field_answers_as_its_rule_says(field: str, case: str, estate: Estate) -> None:
    ask = ROOTS[field][case]
    asking = selection(get_named_type(fields("Query")[field].type), 1)
    query = f"{{ found: {field}{filled(ask.arguments, estate.words)} {asking} }}"

    wrong = []
    for role in ROLES:
        answer = await estate.clients[role].send(query)
        value, code = (answer.get("data") or {}).get("found"), code_of(answer)
        outcome = ask.row[role]
        fits = agrees(value, outcome) if code is None else value is None and code == outcome
        if not fits:
            wrong.append(f"{role} gets {code or value!r}, and should get {outcome}")

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("root", RULES)
def test_every_root_field_has_a_rule(root: str) -> None:
    missing = fields(root).keys() - RULES[root].keys()
    assert not missing, f"say in tests/matrix/rules what {', '.join(sorted(missing))} does"
    assert RULES[root].keys() <= fields(root).keys()
