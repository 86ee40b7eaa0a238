"""A unit with rates of its own: priced by them, and given only to who names it."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from reservations import actions, clock
from reservations.alternatives import find
from reservations.availability import calendar_days, explanations, offers, open_slots, slots
from reservations.errors import QuoteExpired, Refusal, Taken
from reservations.inventory import closures
from reservations.models import Reservation
from reservations.pricing import quotes
from reservations.pricing.charges import Party
from reservations.pricing.quotes import Wanted
from reservations.requests import Change, Reprice, Times
from reservations.rules.categories import priced_as
from tests.factories import DESK, GUEST, NOON, add_hours, booking, hold, make_venue
from tests.reservations.facts import HOUR, unit
from venues import catalogue
from venues.hours import Window
from venues.models import Rate, Resource, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

TWO = Window(NOON, NOON + 2 * HOUR)


def lot(units: int = 3, own: int = 5_000, **policy: Any) -> Venue:
    """Spots at 10 an hour, of which the first has a rate of its own."""
    venue = make_venue("parking", units=units, **{"unit_choice": "guest", **policy})
    rate(venue, "1", own)
    return venue


def rate(venue: Venue, name: str, amount: int, **fields: Any) -> Rate:
    one = spot(venue, name)
    of = {"venue": venue, "category": one.category, "resource": one, "unit": Rate.Unit.HOUR}
    return Rate.objects.create(**{**of, "amount_minor": amount, **fields})


def spot(venue: Venue, name: str) -> Resource:
    return venue.resources.get(name=name)


def on(venue: Venue, name: str, **fields: Any) -> Reservation:
    return hold(venue, resource=spot(venue, name).pk, **fields)


def test_a_unit_is_priced_by_its_own_rates_and_its_neighbours_are_not() -> None:
    venue = lot()
    assert on(venue, "1").price_minor == 10_000
    assert on(venue, "2").price_minor == hold(venue).price_minor == 2_000


def test_outside_the_period_of_its_own_rate_the_category_counts() -> None:
    venue = lot(units=2)
    summer = {"first_date": date(2027, 3, 1), "last_date": date(2027, 3, 1)}
    rate(venue, "2", 3_000, **summer)
    assert on(venue, "2").price_minor == 6_000
    assert on(venue, "2", start=NOON + timedelta(days=1)).price_minor == 2_000


@pytest.mark.parametrize("own", [5_000, 100])
def test_only_who_names_it_gets_it(own: int) -> None:
    venue = lot(units=2, own=own)
    assert unit(hold(venue)) == "2"
    with pytest.raises(Taken):
        hold(venue)
    with pytest.raises(Taken):
        hold(venue, category="standard")
    with pytest.raises(Taken):
        times = Times(starts_at=NOON, ends_at=NOON + 2 * HOUR)
        with clock.at(NOON):
            actions.walk_in(booking=booking(venue, times=times, is_walk_in=True), by=DESK)
    assert unit(on(venue, "1")) == "1"


def test_a_group_without_names_leaves_it_out() -> None:
    venue = lot(units=2)
    with pytest.raises(Refusal):
        actions.hold_group(bookings=[booking(venue), booking(venue)], by=DESK)


def test_what_is_told_is_what_can_be_booked() -> None:
    venue = catalogue.load(lot(units=2).pk)
    times = Times(starts_at=TWO.start, ends_at=TWO.end)

    def told() -> tuple[int, bool]:
        found = offers.of_range(venue, times, party=1, category=None, now=clock.now())
        (offer,) = found.offers
        why = explanations.explain(venue, times, party=1, resource=None, now=clock.now())
        return offer.count, why.refusal is None

    assert told() == (1, True)
    hold(venue)
    assert told() == (0, False)


def test_the_calendar_tells_its_price_where_nothing_cheaper_is_free() -> None:
    venue = make_venue("hotel", units=2, notice=0 * HOUR, unit_choice="guest")
    rate(venue, "1", 9_000, unit=Rate.Unit.NIGHT)

    def lowest() -> int | None:
        now = catalogue.load(venue.pk)
        day = date(2027, 3, 4)
        (found,) = calendar_days.calendar(now, day, day, category=None, now=clock.now())
        return found.lowest_price_minor

    assert lowest() == 1_000
    hold(venue, times=Times(check_in=date(2027, 3, 4), check_out=date(2027, 3, 5)))
    assert lowest() == 9_000


def test_a_quote_of_it_is_honoured_on_it_alone() -> None:
    venue = catalogue.load(lot().pk)
    one = spot(venue, "1")
    made = quotes.quote(venue, Wanted(priced_as(venue, [one]), TWO, Party(1)), now=clock.now())
    assert made.amount_minor == 10_000
    plain = quotes.quote(venue, Wanted(venue.categories.all()[0], TWO, Party(1)), now=clock.now())
    assert plain.amount_minor == 2_000
    with pytest.raises(QuoteExpired):
        hold(venue, quote=made.token)
    with pytest.raises(QuoteExpired):
        on(venue, "1", quote=plain.token)
    assert on(venue, "1", quote=made.token).price_minor == 10_000


def move(row: Reservation, name: str, **fields: Any) -> int:
    one = spot(row.venue, name)
    change = Change(resource=one.pk, **fields)
    return actions.modify(reservation_id=row.pk, change=change, by=DESK).price_minor


def test_a_move_reprices_as_between_categories() -> None:
    venue = lot()
    row = on(venue, "2")
    assert move(row, "3") == 2_000
    assert move(row, "1") == 10_000
    assert move(row, "2") == 2_000
    assert move(row, "1", reprice=Reprice.KEEP, reason="a leak") == 2_000


def test_a_swap_reprices_where_it_is_asked_for() -> None:
    venue = lot()
    dear, plain = on(venue, "1"), on(venue, "2")
    pks = [dear.pk, plain.pk]
    actions.swap(venue=venue.slug, reservations=pks, reason="x", by=DESK, reprice=Reprice.ADDED)
    prices = [Reservation.objects.get(pk=pk).price_minor for pk in pks]
    assert prices == [2_000, 10_000]


def test_an_extension_costs_what_its_unit_costs(frozen: FrozenDateTimeFactory) -> None:
    venue = lot()
    row = on(venue, "1")
    longer = Times(starts_at=NOON, ends_at=NOON + 3 * HOUR)
    change = Change(times=longer)
    assert actions.modify(reservation_id=row.pk, change=change, by=DESK).price_minor == 15_000
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    change = Change(times=Times(ends_at=NOON + 4 * HOUR))
    assert actions.modify(reservation_id=row.pk, change=change, by=DESK).price_minor == 20_000


def test_a_rate_made_later_changes_nothing_that_was_sold() -> None:
    venue = make_venue("parking", units=2, unit_choice="guest")
    row = on(venue, "1")
    rate(venue, "1", 5_000)
    change = Change(guest_count=2)
    assert actions.modify(reservation_id=row.pk, change=change, by=DESK).price_minor == 2_000
    longer = Change(times=Times(starts_at=NOON, ends_at=NOON + 3 * HOUR))
    changed = actions.modify(reservation_id=row.pk, change=longer, by=DESK)
    # Two hours as sold, the third by today's rates.
    assert (unit(row), changed.price_minor) == ("1", 7_000)


def test_nobody_is_reseated_onto_it() -> None:
    venue = lot(units=2, unit_choice="venue")
    row = hold(venue)
    assert unit(row) == "2"
    with pytest.raises(Taken):
        closures.close(
            venue_id=venue.pk,
            resource_ids=[spot(venue, "2").pk],
            window=TWO,
            reason="paint",
            by=DESK,
        )


def practice(providers: int = 2, **policy: Any) -> Venue:
    """Slots of half an hour at providers who all have a price of their own."""
    venue = make_venue("practice", units=providers, capacity=1, notice=0 * HOUR, **policy)
    for one in venue.resources.all():
        add_hours(venue, time(9), time(17), resource=one)
        rate(venue, one.name, 5_000 + one.pk, unit=Rate.Unit.FLAT)
    return catalogue.load(venue.pk)


def next_open(venue: Venue) -> list[open_slots.VenueSlot]:
    loaded = catalogue.load(venue.pk)
    return open_slots.next_few([loaded], day=None, party=1, now=clock.now())[venue.pk]


def test_a_practice_of_priced_providers_has_open_slots_which_can_be_booked() -> None:
    venue = practice()
    first = next_open(venue)[0]
    assert first.unit is not None
    times = Times(starts_at=first.window.start, ends_at=first.window.end)
    row = hold(venue, resource=first.unit.pk, times=times)
    assert (
        row.price_minor == first.price_minor == min(5_000 + one.pk for one in venue.resources.all())
    )


def test_open_slots_name_no_unit_that_only_staff_give() -> None:
    venue = lot(units=1, unit_choice="venue")
    assert next_open(venue) == []


def test_an_offer_has_the_units_that_are_booked_by_name() -> None:
    venue = catalogue.load(lot(units=2).pk)
    times = Times(starts_at=TWO.start, ends_at=TWO.end)

    def told(*, is_desk: bool = False) -> list[tuple[str, int]]:
        now = clock.now()
        found = offers.of_range(venue, times, party=1, category=None, now=now, is_desk=is_desk)
        return [(one.unit.name, one.price_minor) for one in found.offers[0].named]

    assert told() == [("1", 10_000)]
    on(venue, "1")
    assert told() == told(is_desk=True) == []


def test_staff_are_offered_what_only_staff_give() -> None:
    venue = catalogue.load(lot(units=2, unit_choice="venue").pk)
    times = Times(starts_at=TWO.start, ends_at=TWO.end)
    for is_desk, named in ((False, 0), (True, 1)):
        found = offers.of_range(
            venue, times, party=1, category=None, now=clock.now(), is_desk=is_desk
        )
        assert len(found.offers[0].named) == named


@pytest.mark.parametrize("choice", ["guest", "venue"])
def test_the_grid_and_the_calendar_list_what_guests_can_book(choice: str) -> None:
    venue = make_venue("parking", units=2, unit_choice=choice, slot_length=4 * HOUR)
    Venue.objects.filter(pk=venue.pk).update(mode="slot")
    add_hours(venue, time(8), time(20))
    rate(venue, "1", 5_000)
    venue = catalogue.load(venue.pk)
    day = Window(NOON, NOON + 4 * HOUR)
    listed = {slot.unit.name for slot in slots.slots(venue, day, now=clock.now())}
    assert listed == ({"1", "2"} if choice == "guest" else {"2"})


def test_who_is_refused_is_told_of_units_booked_by_name() -> None:
    venue = practice()
    at = next_open(venue)[0].window
    times = Times(starts_at=at.start, ends_at=at.end)
    asked = booking(venue, times=times)
    with pytest.raises(Taken):
        actions.hold(booking=asked, by=GUEST)
    instead = find.for_booking(asked, by=GUEST, now=clock.now())
    assert at in [one.window for one in instead]
    for one in instead:
        assert one.unit is not None
        assert one.price_minor == 5_000 + one.unit.pk


def test_a_quote_without_a_name_says_what_is_lacking() -> None:
    venue = practice()
    at = next_open(venue)[0].window
    body = {"starts_at": at.start.isoformat(), "ends_at": at.end.isoformat()}
    answer = Client().post(
        f"/api/v1/venues/{venue.slug}/quote", body, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "taken")
