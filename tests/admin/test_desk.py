"""A reservation's page and its buttons: they do what they say, once, and say what was refused."""

from datetime import timedelta

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from desk import phrases
from reservations import actions
from reservations.errors import Refusal, Taken
from reservations.models import Event, Reservation
from reservations.requests import Change
from reservations.status import Status
from tests.admin.browsing import address, buttons, press, said, text_of
from tests.factories import DESK, NOON, hold, make_venue
from venues.models import Policy, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def events(row: Reservation) -> list[str]:
    return list(row.events.order_by("pk").values_list("name", flat=True))


def shown(browser: Client, row: Reservation) -> str:
    return text_of(browser.get(address("change", row)))


def test_a_reservation_goes_through_its_life_by_buttons(
    desk: Client, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = hold(venue)
    assert buttons(shown(desk, row)) == [
        "Confirm", "Move", "Swap units", "Modify", "Cancel it", "Set the price",
    ]  # fmt: skip
    assert said(press(desk, "confirm", row)) == [f"{row.code} is confirmed."]
    assert buttons(shown(desk, row)) == [
        "Move", "Swap units", "Modify", "Cancel it", "Set the price",
    ]  # fmt: skip
    frozen.move_to(NOON)
    assert buttons(shown(desk, row)) == [
        "Check in", "Move", "Swap units", "Modify", "Cancel it", "Set the price",
    ]  # fmt: skip
    assert said(press(desk, "check_in", row)) == [f"{row.code} is checked in."]
    assert buttons(shown(desk, row)) == [
        "Check out", "Move", "Swap units", "Modify", "Undo check-in",
        "Check out at another price", "Set the price",
    ]  # fmt: skip
    assert said(press(desk, "check_out", row)) == [f"{row.code} is checked out."]
    assert buttons(shown(desk, row)) == ["Modify", "Undo check-out", "Set the price"]
    assert events(row) == [
        "reservation.created",
        "reservation.confirmed",
        "reservation.checked_in",
        "reservation.checked_out",
    ]


def test_the_event_says_who_pressed(desk: Client, venue: Venue) -> None:
    row = hold(venue)
    press(desk, "confirm", row)
    event = Event.objects.get(name="reservation.confirmed")
    assert event.by_kind == "staff" and event.by.startswith("user:")
    assert "Dana Desk (staff)" in shown(desk, row)


@pytest.mark.parametrize("verb", ["confirm", "cancel"])
def test_a_second_click_changes_nothing(desk: Client, venue: Venue, verb: str) -> None:
    row = hold(venue)
    first, version = press(desk, verb, row), Reservation.objects.get().version
    assert press(desk, verb, row) and said(first)
    assert Reservation.objects.get().version == version
    assert len(events(row)) == 2


def test_a_get_changes_nothing(desk: Client, venue: Venue) -> None:
    row = hold(venue)
    for verb in ("confirm", "check_in", "check_out"):
        assert desk.get(address(verb, row)).status_code == 405
    for page in ("change", "modify", "cancel"):
        assert desk.get(address(page, row)).status_code == 200
    assert events(row) == ["reservation.created"]
    assert Reservation.objects.get().version == row.version


def test_a_hold_that_lapsed_is_refused_with_what_to_do(
    desk: Client, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = hold(venue)
    frozen.tick(10 * MINUTE)
    message = said(press(desk, "confirm", row))[0]
    assert "expired" in message and "Make a new reservation" in message
    assert message.endswith("(hold_expired)")
    page = shown(desk, row)
    assert "Expired" in page and buttons(page) == ["Reinstate"]


def test_too_early_to_check_in_says_from_when_on_the_venues_clocks(
    desk: Client, venue: Venue
) -> None:
    row = hold(venue)
    actions.confirm(reservation_id=row.pk, by=DESK)
    assert "Check-in opens at Mon 1 Mar 2027, 12:30 CET." in shown(desk, row)
    message = said(press(desk, "check_in", row))[0]
    assert "Mon 1 Mar 2027, 12:30 CET" in message and message.endswith("(wrong_status)")


def test_cancelling_says_what_it_costs_and_asks_first(desk: Client, venue: Venue) -> None:
    Policy.objects.filter(venue=venue).update(
        cancel_deadline=timedelta(days=2), cancel_fee_percent=50
    )
    row = hold(venue)
    assert "Cancelling is free now" in text_of(desk.get(address("cancel", row)))
    actions.confirm(reservation_id=row.pk, by=DESK)
    assert "the fee is EUR 5.00" in text_of(desk.get(address("cancel", row)))
    assert said(press(desk, "cancel", row)) == [f"{row.code} is cancelled."]
    page = shown(desk, row)
    assert "fee: EUR 5.00" in page and "minor" not in page
    assert desk.get(address("cancel", row)).status_code == 302


def test_a_guest_who_is_late_can_still_come(
    desk: Client, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = hold(venue)
    actions.confirm(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON + HOUR)
    assert buttons(shown(desk, row)) == [
        "Check in", "Modify", "Release the rest", "Reinstate", "Set the price",
    ]  # fmt: skip
    press(desk, "check_in", row)
    assert Reservation.objects.get().status_at(NOON + HOUR) is Status.PRESENT


def test_leaving_that_was_assumed_can_still_be_recorded(
    boss: Client, frozen: FrozenDateTimeFactory
) -> None:
    venue = make_venue("parking", records_arrival=False, records_departure=False)
    row = hold(venue)
    frozen.move_to(row.ends_at)
    assert buttons(shown(boss, row)) == ["Check out", "Modify", "Set the price"]


def test_an_overstay_tells_the_new_price(boss: Client, frozen: FrozenDateTimeFactory) -> None:
    row = hold(make_venue("parking"))
    frozen.move_to(NOON)
    press(boss, "check_in", row)
    frozen.move_to(row.ends_at + HOUR)
    assert said(press(boss, "check_out", row)) == [
        f"{row.code} is checked out. The price is now EUR 30.00."
    ]


def test_the_page_tells_times_on_the_venues_clocks(desk: Client, venue: Venue) -> None:
    page = shown(desk, hold(venue))
    assert "Mon 1 Mar 2027, 13:00 – 15:00 CET" in page and "Europe/Amsterdam" in page


def test_a_range_over_a_change_of_clocks_tells_both() -> None:
    zone = Venue(time_zone="Europe/Amsterdam").zone
    start = NOON.replace(month=3, day=27, hour=14)
    assert phrases.span(start, start + timedelta(days=1), zone) == (
        "Sat 27 Mar, 15:00 CET – Sun 28 Mar 2027, 16:00 CEST"
    )


def test_advice_is_given_for_refusals_that_there_are() -> None:
    assert set(phrases.ADVICE) <= {refusal.code for refusal in _every(Refusal)}


def test_a_refusal_says_why_and_what_to_do_and_its_code() -> None:
    said_of_it = phrases.refusal(Taken(reason="fixed_units", units=["7", "8"]), Venue().zone)
    assert said_of_it == (
        "This time is taken by a confirmed reservation or a closure. Choose another time or unit. "
        "Fixed in its way: 7, 8. (taken)"
    )


def test_what_an_event_keeps_is_told_in_words() -> None:
    zone = Venue(time_zone="Europe/Amsterdam").zone
    reading = phrases.Reading(currency="EUR", zone=zone, units={"7": "201", "8": "202"})
    kept = {
        "before": {"ends_at": NOON.isoformat()},
        "from": "7",
        "units": ["7", "8", "9"],
        "fee_minor": 4_800,
        "overstay_minor": 0,
        "reason": "",
        "count": 2,
    }
    assert reading.line(kept) == (
        "before: ends at: Mon 1 Mar 2027, 13:00 CET; from: 201; "
        "units: 201, 202, 9; fee: EUR 48.00; count: 2"
    )


def test_an_event_of_before_0_2_is_told_in_words() -> None:
    reading = phrases.Reading(currency="EUR", zone=Venue().zone, units={})
    assert reading.line({"changed": ["ends_at", "phone"]}) == "changed: ends at, phone"


def test_what_differs_is_told_from_what_to_what() -> None:
    zone = Venue(time_zone="Europe/Amsterdam").zone
    reading = phrases.Reading(currency="EUR", zone=zone, units={"7": "201"})
    changed = {
        "units": {"from": ["7"], "to": ["8", "9"]},
        "ends_at": {"from": NOON.isoformat(), "to": (NOON + HOUR).isoformat()},
        "price_minor": {"from": 0, "to": 4_800},
        "cancelled_at": {"from": None, "to": NOON.isoformat()},
        "receive_phone_call": {"from": True, "to": False},
    }
    assert reading.line({"changed": changed, "from": "7", "to": "8"}) == (
        "changed: units 7 → 8, 9, ends at Mon 1 Mar 2027, 13:00 CET → Mon 1 Mar 2027, 14:00 CET, "
        "price EUR 0.00 → EUR 48.00, cancelled at – → Mon 1 Mar 2027, 13:00 CET, "
        "receive phone call yes → no"
    )


def test_the_page_tells_a_change_and_names_units(desk: Client, venue: Venue) -> None:
    row = hold(venue)
    actions.modify(reservation_id=row.pk, change=Change(details={"remarks": "late"}), by=DESK)
    assert "changed: remarks – → late" in shown(desk, row)


def _every(kind: type[Refusal]) -> list[type[Refusal]]:
    return [kind, *(found for child in kind.__subclasses__() for found in _every(child))]
