"""Each form of the desk is carried out at the venue that it was made for, and nowhere else."""

import re
from typing import Any

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from desk.context import REMEMBERED
from guests.models import User
from reservations.models import Allocation, Event, Reservation
from tests.admin.browsing import address, browser_of, faults, text_of
from tests.factories import NOON, hold, make_venue
from tests.guests.factories import StaffFactory
from venues.models import Resource, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

CONTACT = {"first_name": "Ada", "last_name": "Byron", "phone": "+31201234567", "guest_count": "1"}
OF_SESSION = ("/admin/walk-in/", "/admin/reservations/reservation/add/",
              "/admin/reservations/allocation/close/", "/admin/groups/new/")  # fmt: skip
"""The pages whose venue is the one that the clerk chose."""

OF_ROW = ("modify", "move", "note", "swap", "cancel", "confirm", "check_in", "check_out", "pay",
          "give_back", "charge")  # fmt: skip
"""The pages and buttons of a reservation, which is of a venue."""


@pytest.fixture
def lot(db: None) -> Venue:
    return make_venue("parking", units=2)


@pytest.fixture
def browser(clerk: User, venue: Venue, lot: Venue) -> Client:
    """Staff of the restaurant and of the lot, who work at the restaurant."""
    person = StaffFactory.create(email="both@example.com", staff_venues=[venue, lot])
    client = browser_of(person)
    choose(client, venue)
    return client


def choose(browser: Client, venue: Venue) -> None:
    browser.post("/admin/venue/", {"venue": venue.pk})
    assert browser.session[REMEMBERED] == venue.pk


def form_of(page: str) -> dict[str, Any]:
    """The hidden and filled fields of the page's form."""
    found = re.search(r'<form method="post" novalidate id="desk-form">.*?</form>', page, re.DOTALL)
    assert found is not None
    inputs = re.findall(r"<input\b[^>]*>", found[0])
    named = [(re.search(r'name="([^"]+)"', one), re.search(r'value="([^"]*)"', one), one)
             for one in inputs]  # fmt: skip
    skipped = ("csrfmiddlewaretoken",)
    return {
        name[1]: value[1] if value else ""
        for name, value, one in named
        if name and name[1] not in skipped and "checkbox" not in one
    }


def filled(page: str, venue: Venue) -> dict[str, Any]:
    unit = venue.resources.order_by("pk")[0].pk
    given = {
        **CONTACT,
        "starts_at_0": "2027-03-01", "starts_at_1": "13:00",
        "starts_at": "2027-03-01T14:00", "ends_at": "2027-03-01T15:00",
        "reason": "a leak", "units": [unit], "override_reason": "x",
    }  # fmt: skip
    sent = form_of(page)
    return {**given, **{name: value for name, value in sent.items() if value}}


def made_at(venue: Venue) -> int:
    rows = Reservation.objects.filter(venue=venue).count()
    return rows + Allocation.objects.filter(venue=venue).count()


@pytest.mark.parametrize("page", OF_SESSION)
def test_a_form_is_refused_once_the_clerk_works_elsewhere_and_loses_nothing(
    browser: Client, venue: Venue, lot: Venue, page: str, frozen: FrozenDateTimeFactory
) -> None:
    frozen.move_to(NOON)
    sent = filled(text_of(browser.get(page)), venue)
    assert sent["for_venue"] == str(venue.pk)
    choose(browser, lot)
    answer = browser.post(page, sent)
    told = text_of(answer)
    assert answer.status_code == 409
    assert "This form is for Bistro, but you work at Test venue now" in faults(told)[0]
    assert made_at(venue) == made_at(lot) == 0
    again = form_of(told)
    typed = "a leak" if "close" in page else "Byron"
    assert typed in told and again["for_venue_again"] == str(venue.pk)
    # Sent as it stands, it is carried out where it was made for.
    done = browser.post(page, {**sent, "for_venue_again": again["for_venue_again"]})
    assert done.status_code == 302, faults(text_of(done))
    assert made_at(venue) > 0 and made_at(lot) == 0


@pytest.mark.parametrize("page", OF_SESSION)
def test_a_form_that_does_not_say_for_which_venue_is_refused(
    browser: Client, venue: Venue, lot: Venue, page: str, frozen: FrozenDateTimeFactory
) -> None:
    frozen.move_to(NOON)
    sent = filled(text_of(browser.get(page)), venue)
    del sent["for_venue"]
    told = text_of(browser.post(page, sent))
    assert "does not say for which venue" in faults(told)[0]
    assert made_at(venue) == made_at(lot) == 0


@pytest.mark.parametrize("page", OF_SESSION)
def test_a_form_for_a_venue_of_others_is_not_found(
    browser: Client, venue: Venue, elsewhere: Venue, page: str
) -> None:
    sent = filled(text_of(browser.get(page)), venue)
    assert browser.post(page, {**sent, "for_venue": elsewhere.pk}).status_code == 404


@pytest.mark.parametrize("verb", OF_ROW)
def test_what_is_of_a_reservation_stays_at_its_venue(
    browser: Client, venue: Venue, lot: Venue, verb: str, frozen: FrozenDateTimeFactory
) -> None:
    row = hold(venue, NOON)
    choose(browser, lot)
    frozen.move_to(NOON - (NOON - row.starts_at))
    browser.post(address(verb, row), {"version": row.version, **CONTACT, "remarks": "x"})
    assert made_at(lot) == 0 and not Event.objects.filter(venue=lot).exists()
    assert not Resource.objects.filter(venue=lot, retired_at__isnull=False).exists()


def test_every_page_of_the_desk_that_writes_is_walked_here() -> None:
    """A page that takes its venue from the session belongs in OF_SESSION."""
    from pathlib import Path

    import desk

    root = Path(desk.__file__).parent
    using = {
        str(file.relative_to(root))
        for file in root.rglob("*.py")
        if "own_venue(request" in file.read_text() and "def own_venue" not in file.read_text()
    }
    reads = {"today/views.py", "timeline/views.py", "charts/views.py", "sent/views.py",
             "calls/views.py", "money/refunds.py"}  # fmt: skip
    writes = {"reservations/views.py", "reservations/walk_in.py", "closures/views.py",
              "groups/views.py", "exports/views.py", "money/takings.py"}  # fmt: skip
    assert using - reads == writes
    for name in using - reads:
        assert "why_not_here(request" in (root / name).read_text(), name
