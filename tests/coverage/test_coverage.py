"""The designs' lines, the tests that show them, and the document that says so, agree."""

from tests.coverage.lines import DOCUMENT, lines, shown_by, written


def test_document_is_as_the_markers_say() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    assert written(document) == document, "run: make coverage"


def test_markers_name_lines_that_there_are() -> None:
    known = lines(DOCUMENT.read_text(encoding="utf-8"))
    unknown = {line: tests for line, tests in shown_by().items() if line not in known}
    assert not unknown
