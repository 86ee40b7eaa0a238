"""Walk-ins: placed over all that fits and arrived in one act, or refused with nothing left."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.errors import Closed, Forbidden, Occupied, PartyTooLarge, Refusal, Taken
from reservations.models import Allocation, Reservation
from reservations.requests import Booking, Contact, Times
from reservations.status import Status
from tests.factories import DESK, GUEST, NOON, add_category, add_hours, hold, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE, rows, told, unit
from venues.models import Combination, Rate, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def wish(venue: Venue, **fields: Any) -> Booking:
    return Booking(
        venue=venue.slug,
        times=Times(ends_at=fields.pop("until", None), check_out=fields.pop("check_out", None)),
        contact=Contact(first_name="Walk-in", last_name="Guest", phone=""),
        guest_count=fields.pop("party", 1),
        is_walk_in=True,
        **fields,
    )


def let_in(venue: Venue, **fields: Any) -> Reservation:
    by = fields.pop("by", DESK)
    return actions.walk_in(booking=wish(venue, **fields), by=by)


def bistro(**policy: Any) -> Venue:
    return make_venue("restaurant", units=2, **policy)


def test_a_walk_in_is_placed_and_arrives_in_one_act(frozen: FrozenDateTimeFactory) -> None:
    # Between two steps of a quarter of an hour.
    now = NOON + 7 * MINUTE
    frozen.move_to(now)
    row = let_in(bistro(), party=2)
    assert (row.starts_at, row.ends_at) == (now, now + 2 * HOUR)
    assert row.status_at(now) is Status.PRESENT and row.checked_in_at == row.confirmed_at == now
    assert told(row) == ["created", "checked_in"]
    assert [event.data for event in row.events.all()] == [{"walk_in": True}] * 2
    (taken,) = rows(row)
    assert taken.is_locked and taken.lapses_at is None


def test_a_refusal_leaves_nothing_behind(frozen: FrozenDateTimeFactory) -> None:
    venue = bistro()
    for table in venue.resources.all():
        row = hold(venue, NOON, 2, resource=table.pk)
        actions.confirm(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON)
    before = Reservation.objects.count(), Allocation.objects.count()
    with pytest.raises(Taken) as refused:
        let_in(venue)
    assert "until" not in refused.value.facts
    assert (Reservation.objects.count(), Allocation.objects.count()) == before


def test_other_categories_that_fit_are_tried_the_cheapest_first() -> None:
    venue = make_venue("parking", units=1)
    dear = add_category(venue, "dear", units=1)
    Rate.objects.create(venue=venue, category=dear, unit=Rate.Unit.HOUR, amount_minor=5_000)
    asked = add_category(venue, "asked", units=1, is_on_request=True)
    Rate.objects.create(venue=venue, category=asked, unit=Rate.Unit.HOUR, amount_minor=1)
    assert [let_in(venue).category.code for _ in range(2)] == ["standard", "dear"]
    with pytest.raises(Taken):
        let_in(venue)
    assert let_in(venue, category="asked").category.code == "asked"


def test_a_shorter_stay_is_told_as_until(frozen: FrozenDateTimeFactory) -> None:
    venue = bistro(buffer_after=timedelta(0))
    for table, start in zip(venue.resources.order_by("pk"), (HOUR, 90 * MINUTE), strict=True):
        row = hold(venue, NOON + start, 2, resource=table.pk)
        actions.confirm(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON)
    with pytest.raises(Taken) as refused:
        let_in(venue)
    until = refused.value.facts["until"]
    assert until == NOON + 90 * MINUTE
    row = let_in(venue, until=until)
    assert (unit(row), row.ends_at) == ("2", until)


def test_a_night_is_never_cut_into_a_shorter_one(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue("hotel", units=1, unit_choice="guest")
    row = hold(venue, times=Times(check_in=NOON.date() + DAY, check_out=NOON.date() + 2 * DAY),
               override_reason="x")  # fmt: skip
    actions.confirm(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON + 6 * HOUR)
    with pytest.raises(Taken) as refused:
        let_in(venue, check_out=(NOON + 3 * DAY).date())
    until = refused.value.facts["until"]
    assert until.date() == (NOON + DAY).date()
    stays = let_in(venue, until=until)
    assert stays.starts_at.date() == NOON.date() and rows(stays)[0].starts_at == NOON + 6 * HOUR


def test_after_midnight_a_guest_has_the_night_that_runs(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue("hotel", units=1)
    frozen.move_to(datetime(2027, 3, 2, 1, tzinfo=UTC))
    row = let_in(venue)
    assert (row.starts_at.day, row.ends_at.day) == (1, 2)


def test_a_unit_whose_guest_has_not_gone_is_not_given(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue("parking", units=2, unit_choice="guest")
    first = let_in(venue, until=NOON - DAY + HOUR)
    frozen.move_to(NOON - DAY + 2 * HOUR)
    second = let_in(venue)
    assert unit(second) != unit(first)
    with pytest.raises(Occupied):
        let_in(venue)


def test_opening_hours_hold_unless_a_reason_is_given(frozen: FrozenDateTimeFactory) -> None:
    venue = bistro()
    add_hours(venue, time(12), time(22))
    frozen.move_to(NOON.replace(hour=21))
    with pytest.raises(Closed) as refused:
        let_in(venue)
    until = NOON.replace(hour=22)
    assert refused.value.facts == {"until": until}
    assert let_in(venue, until=until).ends_at == until
    frozen.move_to(NOON.replace(hour=23))
    with pytest.raises(Closed):
        let_in(venue)
    row = let_in(venue, override_reason="a friend")
    assert row.events.get(name="reservation.created").data["override_reason"] == "a friend"


def test_hours_of_a_provider_hold_as_well(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue("practice", units=2)
    doctor = venue.resources.get(name="2")
    add_hours(venue, time(9), time(18), resource=doctor)
    frozen.move_to(NOON + 3 * MINUTE)
    row = let_in(venue)
    assert unit(row) == "2" and row.ends_at == NOON + 18 * MINUTE
    with pytest.raises(Refusal):
        let_in(venue)
    with pytest.raises(Closed):
        let_in(venue, resource=venue.resources.get(name="1").pk)


def test_a_combination_will_do(frozen: FrozenDateTimeFactory) -> None:
    venue = bistro()
    pair = Combination.objects.create(
        venue=venue, category=venue.categories.get(), name="1+2", capacity=8
    )
    pair.resources.set(venue.resources.all())
    row = let_in(venue, party=7)
    assert len(rows(row)) == 2
    with pytest.raises(PartyTooLarge):
        let_in(venue, party=9)


def test_only_staff_let_guests_in() -> None:
    with pytest.raises(Forbidden):
        let_in(bistro(), by=GUEST)
    assert not Reservation.objects.exists()
