"""Taking units out of use at the desk, and putting them back."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reservations.models import Allocation, Event
from reservations.requests import Times
from reservations.rules import modes
from tests.admin.browsing import fault_beside, said, text_of
from tests.factories import NOON, hold
from venues.hours import Window
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

CLOSE = "admin:reservations_allocation_close"
LIST = "admin:reservations_allocation_changelist"


def close(browser: Client, venue: Venue, **fields: Any) -> str:
    form = {
        "starts_at": "2027-03-01T13:00",
        "ends_at": "2027-03-01T15:00",
        "reason": "paint",
        "units": [unit.pk for unit in venue.resources.all()],
        **fields,
    }
    return text_of(browser.post(reverse(CLOSE) + f"?venue={venue.pk}", form, follow=True))


def reopen_of(row: Allocation) -> str:
    return reverse("admin:reservations_allocation_reopen", args=[row.closure_id])


def test_units_are_closed_on_the_venues_clocks_and_reopened(desk: Client, venue: Venue) -> None:
    assert said(close(desk, venue)) == ["Closed at Bistro: 1, 2."]
    row = Allocation.objects.all()[0]
    assert (row.starts_at, row.ends_at) == (NOON, NOON + timedelta(hours=2))
    assert (row.reason, row.is_live, Allocation.objects.count()) == ("paint", True, 2)
    assert "Closed: paint" in text_of(desk.get(reverse(LIST) + "?by=closure&state=to_come"))
    page = reverse("admin:reservations_allocation_change", args=[row.pk])
    assert reopen_of(row) in text_of(desk.get(page))

    asked = text_of(desk.get(reopen_of(row)))
    assert "Mon 1 Mar 2027, 13:00 – 15:00 CET" in asked
    assert Allocation.objects.filter(is_live=True).count() == 2
    assert said(text_of(desk.post(reopen_of(row), follow=True))) == ["Open again: 1, 2."]
    assert not Allocation.objects.filter(is_live=True).exists()
    assert "Reopen" not in text_of(desk.get(page))
    assert Event.objects.filter(name="closure.ended", by_kind="staff").count() == 1


def test_a_second_click_reopens_nothing_more(desk: Client, venue: Venue) -> None:
    close(desk, venue, starts_at="2027-02-28T12:00")
    row = Allocation.objects.all()[0]
    desk.post(reopen_of(row), follow=True)
    assert said(text_of(desk.post(reopen_of(row), follow=True))) == ["This closure has ended."]
    assert Event.objects.filter(name="closure.ended").count() == 1


def test_what_is_reserved_is_not_closed(desk: Client, venue: Venue) -> None:
    row = hold(venue)
    page = close(desk, venue)
    assert row.code in page and "1 reservation stands in the time" in page
    assert not Allocation.objects.filter(reservation=None).exists()


def test_faults_stand_beside_their_fields(desk: Client, venue: Venue, elsewhere: Venue) -> None:
    page = close(desk, venue, units=[], reason="")
    assert fault_beside(page, "units") and fault_beside(page, "reason")
    page = close(desk, venue, ends_at="2027-03-01T12:00")
    assert fault_beside(page, "ends_at").startswith("The end must be after the start.")
    page = close(desk, venue, units=[elsewhere.resources.all()[0].pk])
    assert fault_beside(page, "units")
    assert not Allocation.objects.exists()


def test_closures_of_other_venues_are_not_there(
    desk: Client, boss: Client, venue: Venue, elsewhere: Venue
) -> None:
    close(boss, elsewhere, starts_at="2027-03-01", ends_at="2027-03-01")
    row = Allocation.objects.all()[0]
    assert desk.get(reopen_of(row)).status_code == 404
    assert desk.post(reopen_of(row)).status_code == 404
    form = reverse(CLOSE) + f"?venue={elsewhere.pk}"
    assert desk.get(form).status_code == 404
    assert Allocation.objects.filter(is_live=True).count() == 2


def test_lists_tell_apart_what_is_taken_and_what_is_free_again(desk: Client, venue: Venue) -> None:
    close(desk, venue)
    row = Allocation.objects.all()[0]
    desk.post(reopen_of(row))
    taken = hold(venue)
    assert taken.code in text_of(desk.get(reverse(LIST) + "?by=reservation&state=to_come"))
    free = text_of(desk.get(reverse(LIST) + "?state=free"))
    assert "freed" in free and taken.code not in free


def test_of_a_hotel_nights_are_closed_where_nights_are_meant(
    boss: Client, elsewhere: Venue
) -> None:
    asked = text_of(boss.get(reverse(CLOSE) + f"?venue={elsewhere.pk}"))
    assert "First night" in asked and "Last night" in asked
    close(boss, elsewhere, starts_at="2027-03-05", ends_at="2027-03-06")
    row = Allocation.objects.all()[0]
    # Those of the fifth and the sixth: the night of the fourth can still be sold.
    assert modes.fields(elsewhere, Window(row.starts_at, row.ends_at)) == {
        "check_in": date(2027, 3, 5),
        "check_out": date(2027, 3, 7),
    }
    night = Times(check_in=date(2027, 3, 4), check_out=date(2027, 3, 5))
    assert hold(elsewhere, times=night, resource=row.resource_id).pk
    page = close(boss, elsewhere, starts_at="2027-03-10", ends_at="2027-03-09")
    assert fault_beside(page, "ends_at").startswith("The last night is before the first.")


def test_the_nights_of_a_cell_are_filled_in(boss: Client, elsewhere: Venue) -> None:
    query = f"?venue={elsewhere.pk}&starts_at=2027-03-05T15:00&ends_at=2027-03-07T11:00"
    asked = text_of(boss.get(reverse(CLOSE) + query))
    assert 'value="2027-03-05"' in asked and 'value="2027-03-06"' in asked
