"""Whoever stands at the desk: two fields, the first free unit, in at once; nobody is shut out."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from guests.callers import Caller
from guests.errors import ContactInvalid
from reservations import actions
from reservations.errors import Forbidden
from reservations.models import Reservation
from reservations.requests import Contact
from reservations.status import Status
from tests.admin.browsing import address, fault_beside, faults, said, text_of
from tests.factories import DESK, GUEST, NOON, booking, hold, make_venue
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

WALK_IN = "/admin/walk-in/"
HOUR = timedelta(hours=1)


def let_in(browser: Client, venue: Venue, **fields: object) -> str:
    page = text_of(browser.get(WALK_IN, {"venue": venue.pk}))
    once = re.search(r'name="once" value="([^"]+)"', page)
    assert once is not None
    sent = {"once": once[1], "guest_count": 1, **fields}
    return text_of(browser.post(f"{WALK_IN}?venue={venue.pk}", sent, follow=True))


def test_a_name_and_a_party_are_enough(
    desk: Client, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    # Between two steps, and the restaurant takes reservations an hour ahead.
    frozen.move_to(NOON + timedelta(minutes=7))
    page = let_in(desk, venue, last_name="Byron", guest_count=2)
    row = Reservation.objects.get()
    assert row.status_at(NOON + timedelta(minutes=8)) is Status.PRESENT
    assert (row.starts_at, row.ends_at - row.starts_at) == (NOON + timedelta(minutes=7), 2 * HOUR)
    assert (row.last_name, row.phone, row.email) == ("Byron", "", "")
    assert not (row.receive_phone_call or row.receive_email_updates)
    assert "Walk-in Byron is here, on 1 until" in said(page)[0]
    created = row.events.get(name="reservation.created")
    assert created.data == {"walk_in": True} and created.by_kind == "staff"


def test_a_plate_is_enough_in_a_lot(boss: Client) -> None:
    lot = make_venue("parking", units=2)
    page = let_in(boss, lot, vehicle_plate="AB-12-CD")
    row = Reservation.objects.get()
    assert (row.vehicle_plate, row.last_name) == ("AB-12-CD", "Guest")
    assert "is here" in said(page)[0]


def test_after_midnight_a_guest_has_the_night_that_runs(
    boss: Client, elsewhere: Venue, frozen: FrozenDateTimeFactory
) -> None:
    frozen.move_to(datetime(2027, 3, 2, 1, tzinfo=UTC))
    let_in(boss, elsewhere, last_name="Late")
    row = Reservation.objects.get()
    assert (row.starts_at.day, row.ends_at.day) == (1, 2)
    assert row.checked_in_at is not None


def test_too_early_for_the_room_they_have_it_and_come_back(
    boss: Client, elsewhere: Venue, frozen: FrozenDateTimeFactory
) -> None:
    frozen.move_to(datetime(2027, 3, 1, 6, tzinfo=UTC))
    page = let_in(boss, elsewhere, last_name="Early")
    row = Reservation.objects.get()
    assert row.confirmed_at is not None and row.checked_in_at is None
    assert "has 1 from Mon 1 Mar, 15:00" in said(page)[0]


def test_who_is_too_early_has_the_room_in_one_act(
    boss: Client, elsewhere: Venue, frozen: FrozenDateTimeFactory
) -> None:
    """A second act could fail, and leave a hold that lapses before the guest comes back."""
    frozen.move_to(datetime(2027, 3, 1, 6, tzinfo=UTC))
    let_in(boss, elsewhere, last_name="Early")
    row = Reservation.objects.get()
    assert (row.version, row.hold_expires_at) == (1, None)
    told = row.events.order_by("pk").values_list("name", flat=True)
    assert list(told) == ["reservation.created", "reservation.confirmed"]


def test_a_full_house_says_so_and_what_is_free(
    desk: Client, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    frozen.move_to(NOON)
    for unit in venue.resources.all():
        row = hold(venue, NOON, 2, resource=unit.pk)
        actions.confirm(reservation_id=row.pk, by=DESK)
    page = let_in(desk, venue, last_name="Byron", guest_count=2)
    assert faults(page)[0].endswith("(taken)") and "Instead, this is free" in page
    offers = re.findall(r'<form method="post" novalidate>.*?</form>', page, re.DOTALL)
    sent = dict(re.findall(r'name="(\w+)" value="([^"]*)"', offers[-1]))
    desk.post(f"{WALK_IN}?venue={venue.pk}", sent)
    waits = Reservation.objects.get(last_name="Byron")
    assert waits.starts_at > NOON and waits.confirmed_at and not waits.checked_in_at


def test_faults_stand_beside_their_fields(desk: Client, venue: Venue) -> None:
    assert fault_beside(let_in(desk, venue, guest_count=99), "guest_count").endswith(
        "(party_too_large)"
    )
    assert fault_beside(let_in(desk, venue, phone="12"), "phone")
    assert not Reservation.objects.exists()


def test_two_presses_let_one_guest_in(desk: Client, venue: Venue) -> None:
    once = re.search(r'name="once" value="([^"]+)"', text_of(desk.get(WALK_IN)))
    assert once is not None
    sent = {"once": once[1], "guest_count": 1, "last_name": "Byron"}
    for _ in range(2):
        assert desk.post(WALK_IN, sent)["Location"] == "/admin/today/"
    row = Reservation.objects.get()
    assert row.events.filter(name="reservation.checked_in").count() == 1
    # Come back to, altered and sent again, it asks anew.
    assert desk.post(WALK_IN, sent | {"last_name": "Other"})["Location"] == WALK_IN
    assert Reservation.objects.count() == 1


def test_who_was_not_asked_for_a_phone_needs_none_later(desk: Client, venue: Venue) -> None:
    let_in(desk, venue, last_name="Byron")
    row = Reservation.objects.get()
    note = {"version": row.version, "remarks": "by the window"}
    desk.post(address("note", row), note)
    assert Reservation.objects.get().remarks == "by the window"
    page = text_of(desk.post(address("note", row), note))
    assert "(precondition_failed)" in page


def test_only_staff_of_the_venue_enter_who_walks_in(venue: Venue, elsewhere: Venue) -> None:
    nameless = Contact(first_name="Ada", last_name="Byron", phone="")
    strange = Caller(kind="staff", name="user:1", venue_ids=frozenset([elsewhere.pk]))
    for by in (GUEST, strange):
        with pytest.raises(Forbidden):
            actions.hold(booking=booking(venue, contact=nameless, is_walk_in=True), by=by)
    # Whoever reserves gives a number, at the desk as well.
    for by in (GUEST, DESK):
        with pytest.raises(ContactInvalid):
            actions.hold(booking=booking(venue, contact=nameless), by=by)
    assert not Reservation.objects.exists()
