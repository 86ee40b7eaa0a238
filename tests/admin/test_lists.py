"""The lists: found, filtered by what the ladder derives, and read in a steady number of queries."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from freezegun.api import FrozenDateTimeFactory

from guests.callers import system
from reservations import actions, clock
from reservations.event_types import EVENT_TYPES
from reservations.inventory import closures
from reservations.models import Allocation, Event, Reservation
from reservations.status import Status
from tests.admin.browsing import address, text_of
from tests.factories import DESK, NOON, hold, make_venue
from venues.hours import Window
from venues.models import Category, Combination, Opening, Rate, Resource, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

LIST = "admin:reservations_reservation_changelist"
HOUR = timedelta(hours=1)


def listed(browser: Client, query: str = "") -> set[str]:
    page = text_of(browser.get(reverse(LIST) + query))
    return {code for code in Reservation.objects.values_list("code", flat=True) if code in page}


@pytest.fixture
def every(venue: Venue, frozen: FrozenDateTimeFactory) -> dict[str, Reservation]:
    """A reservation in each status, looked at from an hour after NOON."""
    tables = make_venue("restaurant", units=20)
    Venue.objects.filter(pk=tables.pk).update(name="Tables")
    rows = {status.word: hold(tables) for status in Status if status is not Status.HELD}
    for word in ("upcoming", "present", "left", "no_show"):
        actions.confirm(reservation_id=rows[word].pk, by=DESK)
    actions.cancel(reservation_id=rows["cancelled"].pk, by=DESK)
    later = hold(tables, NOON + 8 * HOUR)
    actions.confirm(reservation_id=later.pk, by=DESK)
    actions.cancel(reservation_id=rows["upcoming"].pk, by=DESK)
    rows["upcoming"] = later
    frozen.move_to(NOON)
    for word in ("present", "left"):
        actions.check_in(reservation_id=rows[word].pk, by=DESK)
    actions.check_out(reservation_id=rows["left"].pk, by=DESK)
    frozen.move_to(NOON + HOUR)
    rows["held"] = hold(tables, NOON + 8 * HOUR)
    return rows


def test_the_status_filter_agrees_with_the_ladder(
    boss: Client, every: dict[str, Reservation]
) -> None:
    now = clock.now()
    found = set()
    for status in Status:
        rows = [row for row in Reservation.objects.all() if row.status_at(now) is status]
        assert rows, status
        assert listed(boss, f"?status={status.word}") == {row.code for row in rows}
        found |= {row.code for row in rows}
    assert listed(boss) == found
    assert listed(boss, "?status=nonsense") == found


def test_the_day_filter_goes_by_the_clocks_of_each_venue(boss: Client, venue: Venue) -> None:
    late = hold(venue, NOON + 10 * HOUR, 2, override_reason="a night out")
    after = hold(venue, NOON + 11 * HOUR, 2, override_reason="a night out")
    noon = hold(venue)
    assert listed(boss, "?day=2027-03-01") == {noon.code, late.code}
    assert listed(boss, "?day=2027-03-02") == {late.code, after.code}
    assert listed(boss, "?day=tomorrow") == {noon.code, late.code}
    assert listed(boss, "?day=today") == listed(boss, "?day=yesterday") == set()
    assert listed(boss, "?day=week") == listed(boss) == {noon.code, late.code, after.code}
    assert listed(boss, "?day=9999-12-31") == listed(boss)


def test_filters_go_together(boss: Client, desk: Client, venue: Venue, elsewhere: Venue) -> None:
    here, there = hold(venue), hold(elsewhere, NOON + 72 * HOUR, 48)
    assert listed(boss, f"?venue__id__exact={venue.pk}") == {here.code}
    both = f"?status=held&day=2027-03-01&venue__id__exact={venue.pk}&q=ada"
    assert listed(boss, both) == {here.code}
    page = text_of(boss.get(reverse(LIST) + both))
    assert '<input type="hidden" name="status" value="held">' in page
    assert '<input type="hidden" name="q" value="ada">' in page
    assert listed(desk) == {here.code}
    assert there.code not in listed(desk, f"?venue__id__exact={elsewhere.pk}")
    assert there.code not in text_of(desk.get(reverse(LIST)))


@pytest.mark.parametrize(
    "asked",
    ["lovelace", "Ada Lovelace", "020 123 45 67", "+31 20 1234567", "1234567", "ab-12", "ada@ex"],
)
def test_a_reservation_is_found_by_what_a_guest_says(
    boss: Client, venue: Venue, asked: str
) -> None:
    row = hold(venue, vehicle_plate="AB-12-CD")
    Reservation.objects.filter(pk=row.pk).update(email="ada@example.com")
    other = hold(venue)
    Reservation.objects.filter(pk=other.pk).update(
        first_name="Grace", last_name="Hopper", phone="+12025550123"
    )
    page = boss.get(reverse(LIST), {"q": asked})
    assert row.code in text_of(page) and other.code not in text_of(page)
    assert row.code in text_of(boss.get(reverse(LIST), {"q": row.code.lower()}))


def test_nonsense_asked_of_a_list_is_no_fault(boss: Client, venue: Venue) -> None:
    hold(venue)
    for query in ({"q": "a\x00b"}, {"day": "a\x00"}, {"venue__id__exact": 10**30}, {"p": "x"}):
        assert boss.get(reverse(LIST), query).status_code in (200, 302)


def test_the_list_tells_price_units_and_status(boss: Client, venue: Venue) -> None:
    hold(venue, resource=venue.resources.all()[0].pk)
    page = text_of(boss.get(reverse(LIST)))
    assert "EUR 10.00" in page and "Bistro · 1" in page
    assert '<span class="status held">Held</span>' in page
    assert "Mon 1 Mar 2027, 13:00 – 15:00 CET" in page


@pytest.mark.parametrize(
    "model", [Reservation, Allocation, Event, Venue, Category, Resource, Rate, Opening, Combination]
)
def test_more_rows_ask_no_more_queries(boss: Client, venue: Venue, model: type) -> None:
    meta = model._meta  # type: ignore[attr-defined]
    page = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")

    def fill(rounds: range) -> int:
        for number in rounds:
            some = make_venue("restaurant", units=3)
            hold(some, resource=some.resources.all()[0].pk)
            category = some.categories.all()[0]
            Combination.objects.create(venue=some, category=category, name="all", capacity=9)
            Opening.objects.create(venue=some, resource=some.resources.all()[0], weekday=number,
                                   opens=NOON.time(), closes=NOON.time())  # fmt: skip
            closures.close(
                venue_id=some.pk,
                resource_ids=[some.resources.all()[2].pk],
                window=Window(NOON, NOON + HOUR),
                reason="paint",
                by=system("test"),
            )
        boss.get(page)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert boss.get(page).status_code == 200
        return len(asked)

    assert fill(range(1)) == fill(range(1, 5))


def test_a_reservations_page_asks_no_more_for_more_history(boss: Client, venue: Venue) -> None:
    def queries(row: Reservation) -> int:
        boss.get(address("change", row))
        with CaptureQueriesContext(connection) as asked:
            boss.get(address("change", row))
        return len(asked)

    row = hold(venue)
    before = queries(row)
    actions.confirm(reservation_id=row.pk, by=DESK)
    actions.cancel(reservation_id=row.pk, by=DESK)
    assert queries(row) == before


def test_events_are_filtered_by_what_happened_and_who_did_it(boss: Client, venue: Venue) -> None:
    row = hold(venue)
    actions.confirm(reservation_id=row.pk, by=DESK)
    page = reverse("admin:reservations_event_changelist")
    for query, count in (
        ("?event=reservation.confirmed", 1),
        ("?event=nonsense", 2),
        ("?who=system", 2),
        ("?who=guest", 0),
    ):
        answer = text_of(boss.get(page + query))
        assert answer.count('class="field-what"') == count, query
    names = set(Event.objects.values_list("name", flat=True))
    assert names <= {one.name for one in EVENT_TYPES}
