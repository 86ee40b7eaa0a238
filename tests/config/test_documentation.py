"""The documentation names only files that exist, and its links lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "benchmarks/*.md", "deploy/**/*.md")
    for path in ROOT.glob(pattern)
)
HISTORY = {
    "CHANGELOG.md",
    "STYLE.md",
    "0016-the-desk-is-a-package.md",
    "0017-names-and-rooms.md",
}
"""Pages that also name what is gone: changes, and bad examples."""

LINK = re.compile(r"\]\(([^)\s]+)\)")
FILE = re.compile(r"`([\w.-]+(?:/[\w.-]+)+\.(?:py|md|css|js|sql|po|toml|lock|conf|example|ts))`")
FOLDER = re.compile(
    r"`((?:api|benchmarks|config|deploy|desk|docs|frontend|guests|reservations|settings|tests"
    r"|venues|web)(?:/[\w-]+)*)/`"
)
ROOMS = ("", "desk/static", "web/static", "docs")
"""Where a path of a page may begin."""


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def exists(path: str, *, beside: Path = ROOT) -> bool:
    return any((room / path).exists() for room in (beside, *(ROOT / room for room in ROOMS)))


def anchors(page: Path) -> set[str]:
    """The fragments of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = []
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (fragment and fragment not in anchors(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", [p for p in PAGES if p.name not in HISTORY], ids=name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = FILE.findall(text) + FOLDER.findall(text)
    gone = [path for path in named if not exists(path, beside=page.parent)]
    assert not gone


def test_a_page_that_names_a_moved_file_is_found() -> None:
    assert FILE.findall("in `reservations/judging.py`") == ["reservations/judging.py"]
    assert not exists("reservations/judging.py")


def test_every_decision_is_in_the_index_and_short() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    records = sorted(folder.glob("[0-9]*.md"))
    assert [path.name for path in records if f"({path.name})" not in index] == []
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in records}
    assert {path: lines for path, lines in lengths.items() if lines > 40} == {}
