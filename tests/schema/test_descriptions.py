"""Everything says what it is: types, fields, arguments, input fields and enum values."""

import pytest

from tests.schema.walk import ENUMS, FIELDS, INPUTS, ROOTS, TYPES

DESCRIBED = {
    **{name: found.description for name, found in TYPES.items() if name not in ROOTS},
    **{name: field.description for name, field in FIELDS.items()},
    **{
        f"{name}({argument})": found.description
        for name, field in FIELDS.items()
        for argument, found in field.args.items()
    },
    **{f"{n}.{f}": field.description for n, i in INPUTS.items() for f, field in i.fields.items()},
    **{f"{n}.{v}": value.description for n, e in ENUMS.items() for v, value in e.values.items()},
}


def test_the_walk_sees_all_kinds_of_things() -> None:
    some = {
        *("User", "Node", "ProductCreateInput", "Cause", "DateTime"),
        *("User.name", "Query.node(id)", "ProductCreateInput.title", "Cause.ELDER_CARE"),
    }
    assert some <= set(DESCRIBED)


@pytest.mark.parametrize("name", sorted(DESCRIBED))
def test_it_is_described_in_a_sentence(name: str) -> None:
    description = DESCRIBED[name]
    assert description, f"{name} has no description"
    assert description == description.strip()
    assert description[0].isupper() or description[0] == "`", description
    assert description.endswith((".", ")")), description
