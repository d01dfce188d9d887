"""`docs/coverage.md`: for each line of the source designs, the tests that show it.

The document holds the lines; `python -m tests.coverage.lines` writes its last column from the
`covers` markers on the tests.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
DOCUMENT = TESTS.parent / "docs" / "coverage.md"

_ROW = re.compile(r"^\| (?P<line>[A-E]\d+) \| (?P<text>.*?) \| (?P<shown>.*?) \|$", re.MULTILINE)


def lines(document: str) -> dict[str, str]:
    """The lines of the designs that a document names, each with its text."""
    return {row["line"]: row["text"] for row in _ROW.finditer(document)}


def shown_by() -> dict[str, list[str]]:
    """The names of the tests that show a line: `folder/test_module.py::test_name`."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        where = path.relative_to(TESTS).as_posix()
        for line in _module_marks(module):
            found[line].append(where)
        for node in module.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for decorator in node.decorator_list:
                    for line in _covers(decorator):
                        found[line].append(f"{where}::{node.name}")
    return found


def written(document: str) -> str:
    """The document with the tests as they are now."""
    shown = shown_by()
    return _ROW.sub(
        lambda row: (
            f"| {row['line']} | {row['text']} | "
            f"{'<br>'.join(f'`{name}`' for name in shown.get(row['line'], ())) or '-'} |"
        ),
        document,
    )


def _module_marks(module: ast.Module) -> Iterator[str]:
    for node in module.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets
        ):
            for mark in ast.walk(node.value):
                yield from _covers(mark)


def _covers(node: ast.AST) -> list[str]:
    """The arguments of `pytest.mark.covers(…)`; nothing of any other expression."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "covers"
    ):
        return [str(ast.literal_eval(argument)) for argument in node.args]
    return []


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
