"""Operations as clients write them: the answer, and every store command that it took.

`pytest tests/operations --snapshot-update` writes both anew; an N+1 shows in the difference.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest
from graphql import OperationDefinitionNode, parse
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from tests.client import Client
from tests.operations.commands import recorded
from tests.operations.village import Village

HERE = Path(__file__).parent
DOCUMENTS = {
    f"{path.parent.name}-{path.stem}": path.read_text(encoding="utf-8")
    for path in sorted(HERE.glob("*/*.graphql"))
}


class Recording(JSONSnapshotExtension):
    """The answer as recorded, by the commands recorded, none of them more often.

    Two branches that want the same kind of thing ask in one batch if they happen to meet, so an
    operation may ask less often than what is recorded, which is the most that was seen.
    """

    def matches(self, *, serialized_data: Any, snapshot_data: Any) -> bool:
        heard, recorded = orjson.loads(serialized_data), orjson.loads(snapshot_data)
        asked, allowed = Counter(heard["commands"]), Counter(recorded["commands"])
        return (
            heard["data"] == recorded["data"]
            and asked.keys() == allowed.keys()
            and asked <= allowed
        )


_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


@pytest.mark.covers("B25")
@pytest.mark.parametrize("document", DOCUMENTS)
async def test_operation_answers_as_recorded(
    document: str, viewer: Client, village: Village, snapshot: SnapshotAssertion
) -> None:
    query = DOCUMENTS[document]
    values: dict[str, Any] = {kind.lower(): ids[0] for kind, ids in village.ids.items()}
    values["ids"] = [ids[1] for ids in village.ids.values()]
    wanted = _variables(query)

    with recorded() as commands:
        data = await viewer.run(query, **{name: values[name] for name in wanted})

    labels = {
        id_: f"<{kind} {number}>"
        for kind, ids in village.ids.items()
        for number, id_ in enumerate(ids)
    }
    # Sibling fields run side by side, so that the commands come in any order.
    heard = {"data": _labelled(data, labels), "commands": sorted(commands)}
    assert heard == snapshot.use_extension(Recording)


def _variables(query: str) -> list[str]:
    (operation,) = parse(query).definitions
    assert isinstance(operation, OperationDefinitionNode)
    return [definition.variable.name.value for definition in operation.variable_definitions or ()]


def _labelled(value: Any, labels: dict[str, str], key: str = "") -> Any:
    """The same with what differs from run to run by its kind."""
    if isinstance(value, dict):
        return {name: _labelled(item, labels, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_labelled(item, labels, key) for item in value]
    if not isinstance(value, str):
        return value
    if key.lower().endswith("cursor"):
        return "<cursor>"
    if key == "id":
        return labels.get(value, "<id>")
    return "<time>" if _TIME.match(value) else value
