"""Making a reservation at the desk: local times, faults beside fields, one for two clicks."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from freezegun.api import FrozenDateTimeFactory

from reservations.models import Reservation
from tests.admin.browsing import fault_beside, faults, said, text_of
from tests.factories import NOON, hold
from venues.models import Policy, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

ADD = "admin:reservations_reservation_add"


def at(venue: Venue) -> str:
    return reverse(ADD) + f"?venue={venue.pk}"


def wish(browser: Client, venue: Venue, **fields: Any) -> dict[str, Any]:
    """What a filled-in form sends."""
    page = text_of(browser.get(at(venue)))
    found = re.search(r'name="once" value="([0-9a-f-]+)"', page)
    assert found is not None
    return {
        "once": found[1],
        "starts_at": "2027-03-01T13:00",
        "ends_at": "",
        "guest_count": 2,
        "first_name": "Ada",
        "last_name": "Lovelace",
        "phone": "020 123 4567",
        **fields,
    }


def send(browser: Client, venue: Venue, **fields: Any) -> str:
    return text_of(browser.post(at(venue), wish(browser, venue, **fields), follow=True))


def test_a_reservation_is_held_for_a_time_on_the_venues_clocks(desk: Client, venue: Venue) -> None:
    page = send(desk, venue)
    row = Reservation.objects.get()
    assert (row.starts_at, row.ends_at) == (NOON, NOON + timedelta(hours=2))
    assert (row.phone, row.guest_count, row.guest_id) == ("+31201234567", 2, None)
    assert said(page) == [f"{row.code} is held for Ada Lovelace."]


def test_the_only_venue_of_a_desk_needs_no_choosing(
    desk: Client, boss: Client, venue: Venue, elsewhere: Venue
) -> None:
    assert "New reservation at Bistro" in text_of(desk.get(reverse(ADD)))
    page = text_of(boss.get(reverse(ADD)))
    assert "For which venue?" in page and "Elsewhere" in page
    assert desk.get(at(elsewhere)).status_code == 404
    assert desk.post(at(elsewhere), {}).status_code == 404
    assert desk.get(reverse(ADD) + "?venue=x").status_code == 404


def test_nights_are_asked_for_as_dates(boss: Client, elsewhere: Venue) -> None:
    page = text_of(
        boss.post(
            at(elsewhere),
            wish(
                boss, elsewhere, check_in="2027-03-05", check_out="2027-03-07", phone="+31201234567"
            ),
            follow=True,
        )
    )
    row = Reservation.objects.get()
    assert row.starts_at == datetime(2027, 3, 5, 15, tzinfo=UTC)
    assert row.ends_at == datetime(2027, 3, 7, 11, tzinfo=UTC)
    assert "is held" in said(page)[0]


def test_after_midnight_the_night_that_began_needs_no_reason(
    boss: Client, elsewhere: Venue, frozen: FrozenDateTimeFactory
) -> None:
    frozen.move_to(datetime(2027, 3, 2, 0, 30, tzinfo=UTC))
    tonight = {"check_in": "2027-03-01", "check_out": "2027-03-02", "phone": "+31201234567"}
    boss.post(at(elsewhere), wish(boss, elsewhere, **tonight))
    row = Reservation.objects.get()
    assert row.starts_at == datetime(2027, 3, 1, 15, tzinfo=UTC)
    # The timeline begins with that night, and its free cells ask for it.
    page = text_of(boss.get("/admin/timeline/", {"venue": elsewhere.pk}))
    assert "check_in=2027-03-01&check_out=2027-03-02&resource" in page
    assert row.last_name in text_of(boss.get("/admin/today/", {"venue": elsewhere.pk}))


def test_a_unit_may_be_named_and_is_fixed_then(desk: Client, venue: Venue) -> None:
    unit = venue.resources.all()[1]
    send(desk, venue, resource=unit.pk)
    taken = Reservation.objects.get().allocations.get()
    assert (taken.resource_id, taken.is_locked) == (unit.pk, True)


def test_a_time_the_clocks_skip_is_refused_and_one_they_show_twice_is_the_first(
    desk: Client, venue: Venue
) -> None:
    page = send(desk, venue, starts_at="2027-03-28T02:30", override_reason="a night out")
    assert "There is no 02:30 on that day" in fault_beside(page, "starts_at")
    assert not Reservation.objects.exists()
    send(desk, venue, starts_at="2027-10-31T02:30", override_reason="a night out")
    assert Reservation.objects.get().starts_at == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


def test_faults_stand_beside_their_fields(desk: Client, venue: Venue) -> None:
    page = send(desk, venue, phone="12", email="not an address", first_name="")
    assert fault_beside(page, "first_name")
    page = send(desk, venue, phone="12", email="not an address")
    assert fault_beside(page, "phone") and fault_beside(page, "email")
    page = send(desk, venue, starts_at="2027-02-01T13:00")
    assert fault_beside(page, "starts_at").endswith("(too_soon)")
    page = send(desk, venue, guest_count=99)
    assert fault_beside(page, "guest_count").endswith("(party_too_large)")
    page = send(desk, venue, starts_at="2027-03-01T13:00", ends_at="2027-03-01T12:00")
    assert fault_beside(page, "ends_at").startswith("The end must be after the start.")
    for nonsense in ("soon", "2027-03-01T13:00+01:00", "0001-01-01T00:00", "9999-12-31T23:59"):
        assert fault_beside(send(desk, venue, starts_at=nonsense), "starts_at")
    assert not Reservation.objects.exists()


def test_what_is_taken_says_so_and_what_to_do(desk: Client, venue: Venue) -> None:
    for unit in venue.resources.all():
        hold(venue, resource=unit.pk)
    page = send(desk, venue)
    told = fault_beside(page, "starts_at")
    assert "It may become free at Sun 28 Feb 2027, 13:10 CET." in told
    assert told.endswith("(held_by_other)")


def test_a_reason_sets_the_policy_aside_and_is_recorded(desk: Client, venue: Venue) -> None:
    Policy.objects.filter(venue=venue).update(notice=timedelta(days=7))
    assert "(too_soon)" in faults(send(desk, venue))[-1]
    send(desk, venue, override_reason="a regular")
    event = Reservation.objects.get().events.get(name="reservation.created")
    assert event.data == {"override_reason": "a regular"}


def test_a_form_sent_twice_makes_one_reservation(desk: Client, venue: Venue) -> None:
    form = wish(desk, venue)
    first = desk.post(at(venue), form)
    second = desk.post(at(venue), form)
    assert first["Location"] == second["Location"]
    assert Reservation.objects.count() == 1


def test_a_form_sent_again_with_other_words_asks_once_more(desk: Client, venue: Venue) -> None:
    form = wish(desk, venue)
    desk.post(at(venue), form)
    page = text_of(desk.post(at(venue), form | {"first_name": "Grace"}))
    assert "made a reservation already" in page
    again = re.search(r'name="once" value="([0-9a-f-]+)"', page)
    assert again is not None and again[1] != form["once"]
    desk.post(at(venue), form | {"first_name": "Grace", "once": again[1]})
    assert Reservation.objects.count() == 2


def test_null_characters_and_things_of_others_are_refused(
    desk: Client, venue: Venue, elsewhere: Venue
) -> None:
    page = send(desk, venue, remarks="a\x00b")
    assert fault_beside(page, "remarks")
    page = send(desk, venue, resource=elsewhere.resources.all()[0].pk)
    assert fault_beside(page, "resource")
    page = send(desk, venue, category=elsewhere.categories.all()[0].pk)
    assert fault_beside(page, "category")
    assert not Reservation.objects.exists()
