"""Changing a reservation at the desk: what was touched changes, and nothing else does."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.models import Reservation
from reservations.requests import Change
from tests.admin.browsing import address, fault_beside, faults, said, text_of
from tests.factories import DESK, NOON, hold
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

HOUR = timedelta(hours=1)


def as_shown(browser: Client, row: Reservation) -> dict[str, Any]:
    """What the form would send with nothing touched."""
    page = text_of(browser.get(address("modify", row)))
    tags = re.findall(r"<input [^>]*>", page)
    form = {}
    for tag in tags:
        name, value = re.search(r'name="(\w+)"', tag), re.search(r'value="([^"]*)"', tag)
        is_off = 'type="checkbox"' in tag and "checked" not in tag
        if name and not is_off and name[1] != "csrfmiddlewaretoken":
            form[name[1]] = value[1] if value else "on" if "checked" in tag else ""
    remarks = re.search(r"<textarea[^>]*>\s*(.*?)</textarea>", page, re.DOTALL)
    return form | {"remarks": remarks[1] if remarks else ""}


def change(browser: Client, row: Reservation, **fields: Any) -> str:
    form = as_shown(browser, row) | fields
    return text_of(browser.post(address("modify", row), form, follow=True))


def test_nothing_touched_changes_nothing(desk: Client, venue: Venue) -> None:
    row = hold(venue, remarks="by the window", occasion="birthday")
    assert said(change(desk, row)) == ["Nothing was changed."]
    assert Reservation.objects.get().version == row.version


def test_only_what_was_touched_changes(desk: Client, venue: Venue) -> None:
    row = hold(venue, occasion="birthday")
    assert said(change(desk, row, phone="020 765 4321")) == [f"{row.code} is changed."]
    after = Reservation.objects.get()
    assert (after.phone, after.first_name, after.occasion) == ("+31207654321", "Ada", "birthday")
    assert row.events.get(name="reservation.modified").data == {
        "changed": {"phone": {"from": "+31201234567", "to": "+31207654321"}}
    }


def test_the_range_moves_and_the_price_with_it(desk: Client, venue: Venue) -> None:
    row = hold(venue)
    change(desk, row, ends_at="2027-03-01T16:00")
    after = Reservation.objects.get()
    assert (after.starts_at, after.ends_at) == (NOON, NOON + 3 * HOUR)
    change(desk, row, starts_at="2027-03-01T14:00")
    after = Reservation.objects.get()
    assert (after.starts_at, after.ends_at) == (NOON + HOUR, NOON + 3 * HOUR)


def test_an_end_in_the_hour_shown_twice_stays_the_second_one(desk: Client, venue: Venue) -> None:
    start = datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    row = hold(venue, start, 1, override_reason="a night out")
    change(desk, row, starts_at="2027-10-31T01:30", override_reason="a night out")
    after = Reservation.objects.get()
    assert after.starts_at == start - HOUR
    assert after.ends_at == start + HOUR


def test_nights_move_by_their_dates(boss: Client, elsewhere: Venue) -> None:
    row = hold(elsewhere, NOON + 96 * HOUR, 48)
    change(boss, row, check_out="2027-03-08")
    after = Reservation.objects.get()
    assert after.starts_at == datetime(2027, 3, 5, 15, tzinfo=UTC)
    assert after.ends_at == datetime(2027, 3, 8, 11, tzinfo=UTC)


def test_another_unit_and_a_larger_party(desk: Client, venue: Venue) -> None:
    first, second = venue.resources.all()
    row = hold(venue, resource=first.pk)
    change(desk, row, resource=second.pk, guest_count=3)
    after = Reservation.objects.get()
    assert after.guest_count == 3
    assert after.allocations.get(is_live=True).resource_id == second.pk


def test_what_is_taken_stays_as_it_was(desk: Client, venue: Venue) -> None:
    first, second = venue.resources.all()
    row = hold(venue, resource=first.pk)
    other = hold(venue, resource=second.pk)
    actions.confirm(reservation_id=other.pk, by=DESK)
    page = change(desk, row, resource=second.pk)
    assert fault_beside(page, "starts_at").endswith("(taken)")
    assert row.allocations.get(is_live=True).resource_id == first.pk


def test_who_is_here_keeps_their_start(
    desk: Client, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = hold(venue)
    frozen.move_to(NOON)
    row = hold(venue)
    actions.check_in(reservation_id=row.pk, by=DESK)
    assert "only the end can change" in text_of(desk.get(address("modify", row)))
    change(desk, row, starts_at="2027-03-01T11:00", ends_at="2027-03-01T16:00")
    after = Reservation.objects.get(pk=row.pk)
    assert (after.starts_at, after.ends_at) == (NOON, NOON + 3 * HOUR)


def test_somebody_elses_change_meanwhile_is_told(desk: Client, venue: Venue) -> None:
    row = hold(venue)
    form = as_shown(desk, row)
    actions.modify(reservation_id=row.pk, change=Change(guest_count=3), by=DESK)
    page = text_of(desk.post(address("modify", row), form | {"remarks": "late"}))
    assert faults(page)[0].endswith("(precondition_failed)")
    assert Reservation.objects.get().remarks == ""


def test_of_what_is_over_contact_and_remarks_are_changed_and_no_more(
    desk: Client, venue: Venue
) -> None:
    row = hold(venue)
    actions.cancel(reservation_id=row.pk, by=DESK)
    wished = {"remarks": "called twice", "guest_count": 3, "ends_at": "2027-03-01T18:00"}
    assert said(change(desk, row, **wished)) == [f"{row.code} is changed."]
    after = Reservation.objects.get()
    assert (after.remarks, after.guest_count, after.ends_at) == ("called twice", 1, row.ends_at)


def test_what_has_expired_is_not_changed(
    desk: Client, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = hold(venue)
    form = as_shown(desk, row)
    frozen.tick(HOUR)
    for answer in (
        desk.get(address("modify", row), follow=True),
        desk.post(address("modify", row), form, follow=True),
    ):
        assert said(text_of(answer)) == [
            f"{row.code} is expired: it cannot be changed. (wrong_status)"
        ]
