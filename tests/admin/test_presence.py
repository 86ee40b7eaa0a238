"""What the desk shows and offers while a guest is still in a unit past the end."""

import re
from datetime import time, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.models import Reservation
from reservations.requests import Times
from reservations.status import Status
from tests.admin.browsing import address, said, text_of
from tests.factories import DESK, NOON, add_category, add_hours, hold, make_venue
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

HOUR = timedelta(hours=1)
LATER = NOON + 2.5 * HOUR
WALK_IN = "/admin/walk-in/"


@pytest.fixture
def lot(db: None) -> Venue:
    return make_venue("parking", units=2, unit_choice="guest")


def overstayer(lot: Venue, frozen: FrozenDateTimeFactory) -> Reservation:
    row = hold(lot, NOON, resource=lot.resources.get(name="1").pk, vehicle_plate="OLD-1")
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(LATER)
    return row


def test_the_lots_say_the_spot_is_taken(
    boss: Client, lot: Venue, frozen: FrozenDateTimeFactory
) -> None:
    overstayer(lot, frozen)
    page = text_of(boss.get(reverse("admin:lot", args=[lot.slug])))
    assert "1 of 2 spots taken" in page and "should have left" in page and "OLD-1" in page
    assert re.search(r"1\s*</td>|1 of 2|50", text_of(boss.get(reverse("admin:lots"))))


def test_today_counts_the_unit(boss: Client, lot: Venue, frozen: FrozenDateTimeFactory) -> None:
    overstayer(lot, frozen)
    page = text_of(boss.get("/admin/today/", {"venue": lot.pk}))
    assert "50" in page and "should have left" in page


def test_the_timeline_draws_the_bar_to_now(
    boss: Client, lot: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = overstayer(lot, frozen)
    page = text_of(boss.get("/admin/timeline/", {"venue": lot.pk}))
    bar = re.search(rf'<div class="bar present.*?{row.last_name}.*?</div>', page, re.DOTALL)
    assert bar is not None
    assert "12:00 – 14:30" in bar[0] and "should have left" in bar[0]


def test_checking_in_over_a_guest_offers_three_ways_on(
    boss: Client, lot: Venue, frozen: FrozenDateTimeFactory
) -> None:
    due = hold(lot, LATER, resource=lot.resources.get(name="1").pk)
    there = overstayer(lot, frozen)
    answer = boss.post(address("check_in", due))
    page = text_of(answer)
    assert answer.status_code == 409
    assert address("check_out", there) in page and address("move", due) in page
    boss.post(address("check_in", due), {"override_reason": "a couple"})
    assert Reservation.objects.get(pk=due.pk).status_at(LATER) is Status.PRESENT
    assert due.events.get(name="reservation.checked_in").data == {"override_reason": "a couple"}


def test_checking_the_other_out_clears_the_way(
    boss: Client, lot: Venue, frozen: FrozenDateTimeFactory
) -> None:
    due = hold(lot, LATER, resource=lot.resources.get(name="1").pk)
    there = overstayer(lot, frozen)
    boss.post(address("check_out", there))
    assert boss.post(address("check_in", due)).status_code == 302
    assert Reservation.objects.get(pk=due.pk).status_at(LATER) is Status.PRESENT


def test_a_walk_in_is_offered_a_shorter_stay(
    boss: Client, lot: Venue, frozen: FrozenDateTimeFactory
) -> None:
    frozen.move_to(NOON)
    for spot in lot.resources.all():
        hold(lot, NOON + HOUR, resource=spot.pk)
    before = Reservation.objects.count()
    page = text_of(boss.get(WALK_IN, {"venue": lot.pk}))
    once = re.search(r'name="once" value="([^"]+)"', page)
    assert once is not None
    sent = {"once": once[1], "guest_count": 1, "vehicle_plate": "NEW-1", "for_venue": lot.pk}
    page = text_of(boss.post(f"{WALK_IN}?venue={lot.pk}", sent))
    assert "until 13:00" in page and Reservation.objects.count() == before
    offer = next(
        form
        for form in re.findall(r'<form method="post" novalidate>.*?</form>', page, re.DOTALL)
        if "until 13:00" in form
    )
    again = dict(re.findall(r'name="(\w+)" value="([^"]*)"', offer))
    boss.post(f"{WALK_IN}?venue={lot.pk}", again)
    row = Reservation.objects.get(vehicle_plate="NEW-1")
    assert row.status_at(NOON) is Status.PRESENT and row.ends_at == NOON + HOUR


def test_two_stays_swap_by_a_form(boss: Client, lot: Venue) -> None:
    first, second = (hold(lot, resource=spot.pk) for spot in lot.resources.order_by("name"))
    page = text_of(boss.get(address("swap", first)))
    assert f'<option value="{second.pk}"' in page
    told = text_of(
        boss.post(address("swap", first), {"other": second.pk, "reason": "they asked"}, follow=True)
    )
    assert said(told) == [f"{first.code} and {second.code} have changed units."]
    assert first.allocations.get(is_live=True).resource.name == "2"


def test_a_plate_that_is_here_twice_is_warned_of(boss: Client, lot: Venue) -> None:
    hold(lot, vehicle_plate="AB-1")
    row = hold(lot, vehicle_plate="ab 1")
    page = text_of(boss.get(address("change", row)))
    assert "This vehicle has another reservation here at that time." in page


def test_today_says_what_is_left_tonight_by_type(
    boss: Client, frozen: FrozenDateTimeFactory
) -> None:
    hotel = make_venue("hotel", units=3)
    add_category(hotel, "suite", units=2)
    nights = Times(check_in=NOON.date(), check_out=NOON.date() + timedelta(days=1))
    taken = hold(hotel, times=nights, override_reason="x", category="standard")
    actions.confirm(reservation_id=taken.pk, by=DESK)
    # Gone in the morning, so the room can be sold tonight though it was taken that day.
    before = Times(check_in=NOON.date() - timedelta(days=1), check_out=NOON.date())
    row = hold(hotel, times=before, override_reason="x", category="suite")
    actions.confirm(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON)
    page = text_of(boss.get("/admin/today/", {"venue": hotel.pk}))
    assert "<strong>4</strong> left tonight" in page
    assert "of 5 · Standard 2 · Suite 2" in page


def test_today_says_how_many_slots_are_left(boss: Client, frozen: FrozenDateTimeFactory) -> None:
    practice = make_venue("practice", units=2)
    add_hours(practice, time(12), time(14), resource=practice.resources.get(name="1"))
    row = hold(practice, NOON + HOUR, hours=0.25, override_reason="x")
    actions.confirm(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON + timedelta(minutes=20))
    page = text_of(boss.get("/admin/today/", {"venue": practice.pk}))
    assert "<strong>5</strong> slots left" in page and "of 8" in page
