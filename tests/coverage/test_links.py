"""What the documents refer to is there: files, and sections in them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

_LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]+))?\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def links(document: Path) -> Iterator[tuple[Path, str | None]]:
    """The file that each link of a document leads to, and the section in it."""
    for path, section in _LINK.findall(document.read_text(encoding="utf-8")):
        yield (document.parent / path if path else document), section or None


def sections(document: Path) -> set[str]:
    """The anchors of a document's headings, as they are made of their words."""
    headings = _HEADING.findall(document.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    lost = [
        (target.name, section)
        for target, section in links(document)
        if not target.exists() or (section and section not in sections(target))
    ]
    assert lost == []


@pytest.mark.covers("B41")
@pytest.mark.parametrize(
    ("document", "section"),
    [
        ("architecture.md", "a-request"),
        ("architecture.md", "a-message"),
        ("architecture.md", "the-cache"),
        ("deployment.md", "backups"),
    ],
)
def test_the_way_of_data_the_cache_and_backups_are_described(document: str, section: str) -> None:
    assert section in sections(ROOT / "docs" / document)
    assert f"docs/{document}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_decisions_are_numbered_once_and_listed() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
    numbers = [path.name[:4] for path in decisions]
    assert numbers == [f"{number:04d}" for number in range(1, len(decisions) + 1)]
    listed = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \[\d{4}\]\((.*?)\)", listed, re.MULTILINE) == [
        path.name for path in decisions
    ]
