"""`docs/security.md` names tests that there are, and every test of this folder."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
TEXT = (TESTS.parent / "docs" / "security.md").read_text()


def test_every_promise_names_tests_that_exist() -> None:
    promises = re.findall(r"^\| (?!promise|-)(.+) \| (.+) \|$", TEXT, re.MULTILINE)
    assert len(promises) > 10
    for promise, tests in promises:
        named = re.findall(r"`([\w/.]+)`", tests)
        assert named, promise
        assert all((TESTS / name).exists() for name in named), promise


def test_every_test_of_security_keeps_a_promise() -> None:
    named = set(re.findall(r"`security/(test_\w+\.py)`", TEXT))
    there = {path.name for path in Path(__file__).parent.glob("test_*.py")}
    assert there - {Path(__file__).name} == named
