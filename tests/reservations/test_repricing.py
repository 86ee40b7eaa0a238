"""A change prices only what it changes: what was sold keeps the tariff it was sold by."""

from datetime import date, timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from guests import callers
from guests.callers import Caller
from reservations import actions, clock
from reservations.errors import Forbidden, Invalid
from reservations.models import Event, Reservation
from reservations.pricing import quotes
from reservations.pricing.charges import Party
from reservations.pricing.quotes import Wanted
from reservations.pricing.terms import given_back, price_until
from reservations.records import find_venue
from reservations.requests import Change, Reprice, Times
from tests.factories import DESK, NOON, add_category, hold, make_venue
from tests.guests.factories import StaffFactory
from tests.reservations.facts import DAY, HOUR, MINUTE, guest
from venues.hours import Window
from venues.models import Rate, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

FIRST = date(2027, 3, 10)


def hotel(**policy: Any) -> Venue:
    given = {"confirms_at_once": True, "cancel_fee_percent": 0, "horizon": 900 * DAY}
    venue = make_venue("hotel", units=2, **{**given, **policy})
    venue.rates.update(amount_minor=10_000)
    return venue


def nights(count: int, first: date = FIRST) -> Times:
    return Times(check_in=first, check_out=first + timedelta(days=count))


def book(venue: Venue, count: int, **fields: Any) -> Reservation:
    return hold(venue, times=nights(count), **fields)


def modify(row: Reservation, *, by: Caller = DESK, **wished: Any) -> Reservation:
    return actions.modify(reservation_id=row.pk, change=Change(**wished), by=by)


def rate_is(venue: Venue, amount_minor: int) -> None:
    venue.rates.update(amount_minor=amount_minor)


def staff(venue: Venue) -> Caller:
    return callers.for_user(StaffFactory.create(staff_venues=[venue]))


def test_a_night_more_costs_todays_rate_and_taking_it_back_gives_that_back() -> None:
    row = book(hotel(), 2)
    rate_is(row.venue, 20_000)
    assert modify(row, times=nights(3)).price_minor == 40_000
    assert modify(row, times=nights(2)).price_minor == 20_000
    rate_is(row.venue, 5_000)
    assert modify(row, times=nights(4)).price_minor == 30_000
    assert modify(row, times=nights(1)).price_minor == 10_000


def test_a_stay_moved_by_a_day_keeps_the_price_of_the_nights_it_keeps() -> None:
    row = book(hotel(), 3)
    rate_is(row.venue, 20_000)
    moved = modify(row, times=nights(3, FIRST + timedelta(days=1)))
    assert moved.price_minor == 2 * 10_000 + 20_000
    assert modify(moved, times=nights(2, FIRST + timedelta(days=30))).price_minor == 40_000


@pytest.mark.parametrize(
    ("how", "price"), [(None, 30_000), (Reprice.ADDED, 70_000), (Reprice.ALL, 90_000)]
)
def test_in_house_the_house_moves_a_guest_by_the_tariff_as_sold_unless_told(
    frozen: FrozenDateTimeFactory, how: Reprice | None, price: int
) -> None:
    venue = hotel()
    suite = add_category(venue, "suite")
    venue.rates.create(category=suite, unit=Rate.Unit.NIGHT, amount_minor=30_000)
    row = book(venue, 3)
    frozen.move_to(row.starts_at)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(row.starts_at + 20 * HOUR)
    wished: dict[str, Any] = {"reprice": how, "reason": "A leak"} if how else {}
    moved = modify(row, by=staff(venue), category="suite", **wished)
    assert (moved.category, moved.price_minor) == (suite, price)


def test_a_guest_in_house_pays_another_category_from_now_on(
    frozen: FrozenDateTimeFactory,
) -> None:
    by, venue = guest(), hotel()
    suite = add_category(venue, "suite")
    venue.rates.create(category=suite, unit=Rate.Unit.NIGHT, amount_minor=30_000)
    row = book(venue, 3, by=by)
    frozen.move_to(row.starts_at)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(row.starts_at + 20 * HOUR)
    assert modify(row, by=by, category="suite").price_minor == 10_000 + 2 * 30_000


def test_staff_say_how_a_change_is_priced_and_why() -> None:
    row = book(hotel(), 2)
    by = staff(row.venue)
    rate_is(row.venue, 20_000)
    with pytest.raises(Invalid) as lacks:
        modify(row, by=by, times=nights(3), reprice=Reprice.ALL)
    assert lacks.value.field == "reason"
    kept = modify(row, by=by, times=nights(3), reprice=Reprice.KEEP, reason="An old friend")
    assert kept.price_minor == 30_000
    assert modify(row, by=by, reprice=Reprice.ALL, reason="A mistake").price_minor == 60_000
    data = Event.objects.filter(name="reservation.modified").latest("pk").data
    assert (data["reprice"], data["reason"]) == ("all", "A mistake")


def test_guests_cannot_say_how_a_change_is_priced() -> None:
    by = guest()
    row = book(hotel(), 2, by=by)
    for how in (Reprice.KEEP, Reprice.ALL):
        with pytest.raises(Forbidden):
            modify(row, by=by, times=nights(3), reprice=how)
    assert modify(row, by=by, times=nights(3), reprice=Reprice.ADDED).price_minor == 30_000


def test_a_quoted_price_is_not_lost() -> None:
    venue = hotel()
    window = Window(NOON + 9 * DAY + 3 * HOUR, NOON + 11 * DAY - HOUR)
    found = find_venue(venue.slug)
    offer = quotes.quote(
        found, Wanted(found.categories.all()[0], window, Party(1)), now=clock.now()
    )
    rate_is(venue, 20_000)
    row = book(venue, 2, quote=offer.token)
    assert row.price_minor == 20_000
    assert modify(row, guest_count=2).price_minor == 20_000
    assert modify(row, times=nights(3)).price_minor == 40_000
    assert modify(row, times=nights(1)).price_minor == 10_000


@pytest.mark.parametrize("is_extended", [True, False])
def test_an_extension_costs_todays_rate_and_an_overstay_the_kept_one(
    frozen: FrozenDateTimeFactory, is_extended: bool
) -> None:
    venue = make_venue(charges_time_used=True)
    rate_is(venue, 300)
    row = hold(venue, hours=4)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON + 3 * HOUR)
    rate_is(venue, 600)
    if is_extended:
        assert modify(row, times=Times(ends_at=NOON + 5 * HOUR)).price_minor == 1_800
    frozen.move_to(NOON + 5 * HOUR)
    left = actions.check_out(reservation_id=row.pk, by=DESK)
    assert left.price_minor == (1_800 if is_extended else 1_500)


@pytest.mark.parametrize(
    ("unit", "amount", "limits", "sold", "stays", "price"),
    [
        ("hour", 300, {"day_maximum_minor": 2_000}, 10 * HOUR, 12 * HOUR, 2_000),
        ("hour", 200, {"minimum_minor": 500}, 4 * HOUR, 4 * HOUR + MINUTE, 803),
        ("started_hour", 300, {}, 90 * MINUTE, 105 * MINUTE, 600),
        ("started_hour", 300, {}, 90 * MINUTE, 121 * MINUTE, 900),
        ("hour", 100, {}, 13 * HOUR - 10 * MINUTE, 13 * HOUR + 10 * MINUTE, 1_317),
    ],
)
@pytest.mark.parametrize("is_asked", [True, False])
def test_time_beyond_what_was_sold_is_a_difference_of_two_whole_sums(
    frozen: FrozenDateTimeFactory,
    unit: str,
    amount: int,
    limits: dict[str, int],
    sold: timedelta,
    stays: timedelta,
    price: int,
    is_asked: bool,
) -> None:
    venue = make_venue()
    venue.rates.update(unit=unit, amount_minor=amount, **limits)
    row = hold(venue, NOON - 2 * HOUR, sold / HOUR)
    frozen.move_to(NOON - 2 * HOUR)
    actions.check_in(reservation_id=row.pk, by=DESK)
    end = NOON - 2 * HOUR + stays
    if is_asked:
        assert modify(row, times=Times(ends_at=end)).price_minor == price
    frozen.move_to(end)
    assert actions.check_out(reservation_id=row.pk, by=DESK).price_minor == price


@pytest.mark.parametrize(("late", "price"), [(599, 2_000), (600, 2_000), (601, 2_167)])
def test_the_leaving_grace_forgives_minutes_as_it_was_promised(
    frozen: FrozenDateTimeFactory, late: int, price: int
) -> None:
    venue = make_venue(leaving_grace=10 * MINUTE)
    row = hold(venue)
    venue.policy.leaving_grace = timedelta(0)
    venue.policy.save()
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(row.ends_at + timedelta(seconds=late))
    assert actions.check_out(reservation_id=row.pk, by=DESK).price_minor == price


def test_a_guest_of_a_hotel_who_stays_on_pays_the_night_by_the_kept_rate(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = book(hotel(), 2)
    rate_is(row.venue, 99_900)
    frozen.move_to(row.starts_at)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(row.ends_at + DAY)
    assert actions.check_out(reservation_id=row.pk, by=DESK).price_minor == 30_000


def test_a_party_alone_changes_no_terms(frozen: FrozenDateTimeFactory) -> None:
    row = book(hotel(cancel_fee_percent=0, cancel_deadline=DAY, grace=HOUR), 2)
    terms = ("no_show_at", "cancel_free_until", "cancel_fee_minor", "price_minor", "tariff")
    before = {name: getattr(row, name) for name in terms}
    policy = row.venue.policy
    policy.cancel_deadline, policy.cancel_fee_percent = 30 * DAY, 100
    policy.grace = 5 * HOUR
    policy.save()
    after = modify(row, guest_count=2)
    assert {name: getattr(after, name) for name in terms} == before
    later = modify(row, times=nights(2, FIRST + timedelta(days=1)))
    assert later.cancel_free_until == later.starts_at - DAY
    assert (later.no_show_at, later.cancel_fee_minor) == (later.starts_at + HOUR, 0)


def test_the_price_of_what_is_kept_and_of_what_is_given_back() -> None:
    row = book(hotel(), 2)
    rate_is(row.venue, 20_000)
    row = modify(row, times=nights(4))
    noon = row.starts_at + 21 * HOUR
    prices = [price_until(row, noon + number * DAY) for number in (-2, 0, 1, 2, 3)]
    assert prices == [0, 10_000, 20_000, 40_000, 60_000]
    assert given_back(row, noon) == 50_000


def test_what_was_sold_before_terms_were_kept_is_shared_out_by_todays_rates() -> None:
    row = book(hotel(), 2)
    Reservation.objects.update(tariff={"by_use": False, "rates": []})
    rate_is(row.venue, 40_000)
    row.refresh_from_db()
    assert modify(row, times=nights(3)).price_minor == 20_000 + 40_000
    assert modify(row, times=nights(1)).price_minor == 10_000
