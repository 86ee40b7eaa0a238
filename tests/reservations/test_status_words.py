"""Wherever a status is told, every status is: a new one fails here until each place knows it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest

from api.routes import parking
from api.routes.reservations import Word
from desk import phrases
from desk.timeline import grid
from notices.letters import calendar_entry
from reservations.status import Status
from web.account.mine import SHOWN
from web.templatetags import own

ROOT = Path(__file__).resolve().parents[2]
PAGES, DESK = ROOT / "web/static/web/holdfast.css", ROOT / "desk/static/desk/desk.css"
WORDS = {status.word for status in Status}


@pytest.mark.parametrize(
    "told",
    [phrases.LABELS, own.STATUS_WORDS, parking.WORDS, calendar_entry.STATES],
    ids=["desk", "pages", "parking", "calendars"],
)
def test_every_status_has_its_word(told: Mapping[Status, Any]) -> None:
    assert set(told) == set(Status)
    assert all(told.values())


def test_the_api_documents_every_status() -> None:
    assert set(get_args(Word)) == WORDS
    assert set(parking.WORDS.values()) == set(get_args(parking.Word))


def test_every_reservation_is_in_one_list_of_its_guest() -> None:
    listed = [status for statuses in SHOWN.values() for status in statuses]
    assert sorted(listed) == sorted(Status)


def test_the_reservation_page_has_a_part_for_every_status() -> None:
    page = (ROOT / "web/templates/web/reservation.html").read_text(encoding="utf-8")
    parts = re.findall(r'{% (?:el)?if status.word == "(\w+)" %}\n      <', page)
    assert sorted(parts) == sorted(WORDS)


@pytest.mark.parametrize(("sheet", "name"), [(PAGES, "badge"), (DESK, "status")])
def test_every_status_has_its_colour(sheet: Path, name: str) -> None:
    styled = re.findall(rf"\.{name}\.(\w+)", sheet.read_text(encoding="utf-8"))
    assert set(styled) >= WORDS


def test_every_status_on_the_timeline_has_its_colour() -> None:
    styled = re.findall(r"\.bar\.(\w+)", DESK.read_text(encoding="utf-8"))
    assert set(styled) >= {status.word for status in Status if grid.is_drawn(status)}
