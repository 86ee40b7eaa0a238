"""The timeline: rows that add up to its width, bars where guests are, and moves by one form."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from freezegun.api import FrozenDateTimeFactory

from desk.timeline import grid
from reservations import actions
from reservations.inventory import closures
from reservations.models import Allocation, Reservation
from reservations.requests import Times
from tests.admin.browsing import address, fault_beside, said, text_of
from tests.factories import DESK, NOON, add_hours, hold, make_venue
from venues.hours import Window
from venues.models import Policy, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

LINE = "/admin/timeline/"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def hotel(db: None) -> Venue:
    return make_venue("hotel", units=3, notice=timedelta(0))


def stay(venue: Venue, first: int, nights: int, unit: int, **wish: Any) -> Reservation:
    """Nights from a day of March 2027 on, in the room of that number."""
    begin = date(2027, 3, first)
    row = hold(
        venue,
        times=Times(check_in=begin, check_out=begin + nights * DAY),
        resource=venue.resources.all()[unit].pk,
        **wish,
    )
    return actions.confirm(reservation_id=row.pk, by=DESK)


def cells(venue: Venue, first: date = date(2027, 3, 1), days: int = 7) -> list[list[str]]:
    """Of each unit its cells: how wide, and whose."""
    look = grid.of(venue, first, days, now=NOON)
    return [
        [f"{cell.width}{'+'.join(bar.text[:3] for bar in cell.bars)}" for cell in line.cells]
        for line in look.lines
    ]


def unit_of(row: Reservation) -> int:
    return Allocation.objects.get(reservation=row, is_live=True).resource_id


def test_nights_are_cells_as_wide_as_the_stay(hotel: Venue) -> None:
    stay(hotel, 2, 3, 0)
    stay(hotel, 5, 10, 0)
    assert cells(hotel)[:2] == [["1", "3Lov", "3Lov"], ["1"] * 7]


def test_every_row_is_as_wide_as_the_table(hotel: Venue) -> None:
    stay(hotel, 2, 1, 0)
    stay(hotel, 6, 4, 1)
    room = hotel.resources.all()[2].pk
    for start, end in ((NOON + 30 * HOUR, NOON + 33 * HOUR), (NOON + 34 * HOUR, NOON + 36 * HOUR)):
        closures.close(
            venue_id=hotel.pk,
            resource_ids=[room],
            window=Window(start, end),
            reason="paint",
            by=DESK,
        )
    rows = cells(hotel)
    assert [sum(int(cell[0]) for cell in row) for row in rows] == [7, 7, 7]
    assert "1pai+pai" in rows[2]


def test_a_day_of_times_is_shown_by_its_opening_hours(venue: Venue) -> None:
    add_hours(venue, NOON.time(), NOON.time().replace(hour=15))
    row = hold(venue, NOON, 1.5, resource=venue.resources.all()[0].pk)
    look = grid.of(venue, date(2027, 3, 1), 14, now=NOON - DAY)
    assert [column.label for column in look.columns if column.width] == ["12:00", "13:00", "14:00"]
    taken = [cell for cell in look.lines[0].cells if cell.bars]
    assert [(cell.first, cell.width) for cell in taken] == [(4, 6)]
    assert taken[0].bars[0].reservation == row
    assert [cell.width for cell in look.lines[1].cells] == [4, 4, 4]


def test_a_bar_tells_its_state_in_words_and_leads_on(boss: Client, hotel: Venue) -> None:
    row = stay(hotel, 2, 2, 0)
    page = text_of(boss.get(LINE, {"venue": str(hotel.pk), "day": "2027-03-01"}))
    assert 'class="bar upcoming' in page and '<span class="bar-status">Upcoming</span>' in page
    assert address("change", row) in page and address("move", row) in page
    assert "style=" not in page and "onclick" not in page


def test_a_free_cell_fills_the_form_in(boss: Client, hotel: Venue) -> None:
    page = text_of(boss.get(LINE, {"venue": str(hotel.pk), "day": "2027-03-01"}))
    link = re.search(r'<a href="([^"]*reservation/add/[^"]*)"', page)
    assert link is not None
    form = text_of(boss.get(link[1].replace("&amp;", "&")))
    assert 'name="check_in" value="2027-03-01"' in form
    assert 'name="check_out" value="2027-03-02"' in form
    assert re.search(rf'value="{hotel.resources.all()[0].pk}" selected', form)
    assert f'name="next" value="{LINE}' in form
    assert "Close this unit for that time instead" in form


def test_a_unit_is_closed_and_reopened_from_a_cell(boss: Client, hotel: Venue) -> None:
    unit = hotel.resources.all()[1]
    page = reverse("admin:reservations_allocation_close")
    query = f"?venue={hotel.pk}&units={unit.pk}&starts_at=2027-03-02T15:00&next={LINE}"
    assert re.search(rf'value="{unit.pk}"[^>]*checked', text_of(boss.get(page + query)))
    sent = {"starts_at": "2027-03-02", "ends_at": "2027-03-02", "reason": "paint",
            "units": [unit.pk], "next": LINE}  # fmt: skip
    assert boss.post(page + query, sent)["Location"] == LINE
    taken = Allocation.objects.get()
    reopen = reverse("admin:reservations_allocation_reopen", args=[taken.closure_id])
    shown = text_of(boss.get(LINE, {"venue": str(hotel.pk), "day": "2027-03-01"}))
    assert reopen in shown and "paint" in shown
    assert boss.post(reopen, {"next": LINE})["Location"] == LINE
    assert not Allocation.objects.filter(is_live=True).exists()


def move(browser: Client, row: Reservation, **fields: object) -> str:
    row.refresh_from_db()
    sent = {"version": row.version, "next": LINE, "resource": "", "start": "", **fields}
    answer = browser.post(address("move", row), sent, follow=True)
    return text_of(answer)


def test_a_stay_moves_to_another_room_and_other_nights(boss: Client, hotel: Venue) -> None:
    row = stay(hotel, 2, 2, 0)
    rooms = list(hotel.resources.all())
    page = move(boss, row, resource=rooms[2].pk)
    assert said(page) == [f"{row.code} is moved: it starts Tue 2 Mar, 15:00."]
    assert unit_of(row) == rooms[2].pk
    move(boss, row, start="2027-03-09")
    row.refresh_from_db()
    assert (row.starts_at.day, row.ends_at.day, unit_of(row)) == (9, 11, rooms[2].pk)
    assert [event.name for event in row.events.all()][-2:] == ["reservation.modified"] * 2
    assert said(move(boss, row, start="2027-03-09")) == ["Nothing was changed."]


def test_a_move_that_is_refused_says_why_and_offers_what_is_free(
    boss: Client, hotel: Venue
) -> None:
    stay(hotel, 2, 2, 1)
    row = stay(hotel, 2, 2, 0)
    first, second, third = hotel.resources.all()
    page = move(boss, row, resource=second.pk)
    assert fault_beside(page, "start").endswith("(taken)") and unit_of(row) == first.pk
    assert "Instead, this is free" in page
    offers = re.findall(r'<form method="post" novalidate>.*?</form>', page, re.DOTALL)
    offer = next(one for one in offers if f'name="resource" value="{third.pk}"' in one)
    sent = dict(re.findall(r'name="(\w+)" value="([^"]*)"', offer))
    boss.post(address("move", row), sent)
    assert unit_of(row) == third.pk


def test_a_change_meanwhile_is_told_and_a_guest_who_left_stays_put(
    boss: Client, hotel: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = stay(hotel, 2, 2, 0)
    page = move(boss, row, version=row.version + 7, start="2027-03-05")
    assert "(precondition_failed)" in page
    actions.cancel(reservation_id=row.pk, by=DESK)
    assert "(wrong_status)" in said(move(boss, row, start="2027-03-05"))[0]


def test_a_guest_who_is_here_changes_units_only(
    boss: Client, hotel: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = stay(hotel, 2, 4, 0)
    frozen.move_to(NOON + DAY + 4 * HOUR)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON + 2 * DAY)
    move(boss, row, start="2027-03-08", resource=hotel.resources.all()[1].pk)
    row.refresh_from_db()
    assert row.starts_at.day == 2
    assert [taken.resource.name for taken in row.allocations.order_by("starts_at")] == ["1", "2"]
    look = grid.of(hotel, date(2027, 3, 1), 7, now=NOON + 2 * DAY)
    bars = [bar for line in look.lines for cell in line.cells for bar in cell.bars]
    assert [(bar.label, bar.may_move) for bar in bars] == [("Moved on", False), ("Here now", True)]


def test_where_the_venue_gives_units_out_a_reason_is_asked_for(boss: Client) -> None:
    lot = make_venue("parking", units=2)
    row = hold(lot)
    other = lot.resources.exclude(pk=unit_of(row)).get()
    assert fault_beside(move(boss, row, resource=other.pk), "resource").endswith("(no_choice)")
    move(boss, row, resource=other.pk, override_reason="the driver asked")
    assert unit_of(row) == other.pk


def test_nobody_moves_what_is_not_theirs_and_a_get_moves_nothing(
    desk: Client, venue: Venue, hotel: Venue
) -> None:
    strange = stay(hotel, 2, 1, 0)
    assert desk.get(address("move", strange)).status_code == 404
    assert desk.post(address("move", strange), {"start": "2027-03-05"}).status_code == 404
    row = hold(venue)
    assert desk.get(address("move", row), {"start": "2027-03-05T13:00"}).status_code == 200
    assert Reservation.objects.get(pk=row.pk).starts_at == NOON


def test_a_refused_new_reservation_offers_what_is_free(desk: Client, venue: Venue) -> None:
    Policy.objects.filter(venue=venue).update(step=None)
    for unit in venue.resources.all():
        hold(venue, resource=unit.pk)
    form = reverse("admin:reservations_reservation_add")
    once = re.search(r'name="once" value="([^"]+)"', text_of(desk.get(form)))
    assert once is not None
    wish = {"once": once[1], "starts_at": "2027-03-01T13:00", "guest_count": 2, "first_name": "Ada",
            "last_name": "Byron", "phone": "+31201234567"}  # fmt: skip
    page = text_of(desk.post(form, wish))
    offers = re.findall(r'<form method="post" novalidate>.*?</form>', page, re.DOTALL)
    sent = dict(re.findall(r'name="(\w+)" value="([^"]*)"', offers[0]))
    assert sent["last_name"] == "Byron"
    desk.post(form, sent)
    assert Reservation.objects.filter(last_name="Byron").count() == 1
