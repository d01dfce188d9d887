"""Every mutation, where a store dies or the request ends at a step of it: a retry completes it."""

import os
from uuid import uuid4

import httpx
import pytest

from app.services import Services
from tests.client import Json
from tests.matrix.asking import filled
from tests.matrix.estate import Estate
from tests.matrix.faults import Fault, Faults, all_returned
from tests.matrix.targets import aimed
from tests.matrix.test_client_keys import DOABLE, rows_added
from tests.matrix.witness import stored

# All steps on demand, which takes half an hour; else those at which most can be half done.
EVERY_STEP = "ISTHMUS_FUZZ_EXAMPLES" in os.environ
GONE = "the connection was closed"


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Faults:
    """What lets a step of one request go wrong."""
    faults = Faults()
    faults.install(monkeypatch)
    return faults


class Attempts:
    """Sends one mutation, aimed at something new each time, and again."""

    def __init__(self, field: str, workshop: Estate, services: Services, faults: Faults) -> None:
        self.arguments, role = DOABLE[field]
        self.field, self.workshop, self.services, self.faults = field, workshop, services, faults
        self.person = workshop.people[role]

    async def fail_and_retry(
        self, step: int | None, fault: Fault
    ) -> tuple[set[str], dict[str, int]]:
        """The codes of an attempt that goes wrong at a step, and what it and a retry have added."""
        key = uuid4().hex
        words = await aimed(self.workshop, self.arguments)
        words |= {"self": self.person.id, "key": key}
        document = (
            f"mutation {{ {self.field}{filled(self.arguments, words)} {{ errors {{ code }} }} }}"
        )
        before = await stored(self.services)
        with self.faults.at(key, step, fault):
            codes = await self._codes(document, key)
        assert await self._codes(document, f"{key}-again") == set(), (step, fault, codes)
        return codes, rows_added(before, await stored(self.services))

    async def _codes(self, document: str, request: str) -> set[str]:
        http, headers = self.person.client.http, {"X-Request-ID": request}
        try:
            response = await http.post("/graphql", json={"query": document}, headers=headers)
        except httpx.TransportError:
            return {GONE}
        if not response.headers["content-type"].startswith("application/"):
            return {GONE}  # the server's own words for a task that was cancelled
        answer: Json = response.json()
        errors = [error["extensions"] for error in answer.get("errors", ())]
        payload = (answer["data"] or {}).get(self.field) or {"errors": []}
        return {error["code"] for error in [*errors, *payload["errors"]]}


def points(steps: list[str]) -> list[tuple[int, Fault]]:
    """Where what goes wrong: an answer is lost where something was done."""
    commits = [n for n, step in enumerate(steps) if step == "postgresql commit"]
    if not EVERY_STEP:
        then = [n for n in range(len(steps)) if commits and n == commits[-1] + 1]
        each = [(n, fault) for n in commits for fault in (Fault.UNANSWERED, Fault.CANCELLED)]
        return [*each, *((n, Fault.UNHEARD) for n in then)]
    return [
        (n, fault)
        for n, step in enumerate(steps)
        for fault in Fault
        if fault is not Fault.UNANSWERED or n in commits or step.startswith("mongodb")
    ]


@pytest.mark.slow
@pytest.mark.timeout(600 if EVERY_STEP else 60)
@pytest.mark.parametrize("field", DOABLE)
async def test_a_retry_completes_what_was_cut_short(
    field: str, workshop: Estate, services: Services, faults: Faults
) -> None:
    attempts = Attempts(field, workshop, services, faults)
    codes, whole = await attempts.fail_and_retry(None, Fault.UNHEARD)
    assert codes == set()

    for step, fault in points(faults.steps[:]):
        codes, added = await attempts.fail_and_retry(step, fault)
        expected = GONE if fault is Fault.CANCELLED else "UNAVAILABLE"
        assert codes <= {expected}, (step, fault)
        # At most: of what the estate had only once, the first has made more.
        assert all(count <= whole[name] for name, count in added.items()), (step, fault)

    await all_returned(services)
