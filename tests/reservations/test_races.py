"""Many at once: threads that start at one instant, on whichever database runs."""

import itertools
import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from freezegun.api import FrozenDateTimeFactory

from reservations import actions, clock, sweeps
from reservations.allocation.ledger import lock_units
from reservations.allocation.placement import place
from reservations.errors import HeldByOther, HoldExpired, PartyTooLarge, Taken, VenueInUse
from reservations.inventory import closures, venues
from reservations.inventory.venues import VenueWish
from reservations.lifecycle import holds
from reservations.lifecycle.modifications import modify as modify_here
from reservations.models import Allocation, Event, Reservation
from reservations.requests import Change, Times
from reservations.status import Status
from tests.factories import DESK, NOON, add_category, hold, make_venue
from tests.guests.races import race, until_somebody_waits
from tests.reservations.facts import DAY, HOUR, MINUTE, SECOND, overlaps, rows, status, taken, told
from tests.reservations.guard import no_guard
from venues.hours import Window
from venues.models import Resource, Venue

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("frozen")]

LAPSE = NOON - DAY + 30 * MINUTE


def at_once(acts: Iterable[Callable[[], Any]]) -> list[Any]:
    """What each of these came to, all begun at one instant."""
    every = list(acts)
    pending = iter(every)
    return race(len(every), lambda: next(pending)())


def won(outcomes: list[Any]) -> list[Reservation]:
    return [one for one in outcomes if isinstance(one, Reservation)]


def lost(outcomes: list[Any]) -> list[Any]:
    return [one for one in outcomes if not isinstance(one, Reservation)]


@pytest.mark.parametrize("confirms_at_once", [True, False])
@pytest.mark.parametrize("is_named", [True, False])
def test_one_unit_and_range_goes_to_one_of_two(confirms_at_once: bool, is_named: bool) -> None:
    venue = make_venue(confirms_at_once=confirms_at_once, unit_choice="guest")
    unit = venue.resources.get().pk if is_named else None
    for number in range(10):
        outcomes = race(2, partial(hold, venue, NOON + number * DAY, resource=unit))
        assert len(won(outcomes)) == 1
        (refusal,) = lost(outcomes)
        assert type(refusal) is (Taken if confirms_at_once else HeldByOther)
    assert list(overlaps()) == []


def test_one_unit_and_range_goes_to_one_of_sixty_four() -> None:
    # The only test with so many connections: a server has a hundred.
    venue = make_venue(confirms_at_once=False, unit_choice="guest")
    units = itertools.cycle([None, venue.resources.get().pk])
    outcomes = race(64, lambda: hold(venue, resource=next(units)))
    assert len(won(outcomes)) == 1
    assert [type(one) for one in lost(outcomes)] == [HeldByOther] * 63
    assert list(overlaps()) == []


def test_first_available_sells_every_unit_once_and_no_more() -> None:
    venue = make_venue(units=10)
    for number in range(3):
        outcomes = race(16, partial(hold, venue, NOON + number * DAY))
        assert len(won(outcomes)) == 10
        assert {type(one) for one in lost(outcomes)} == {Taken}
    assert list(overlaps()) == []


def test_the_last_unit_is_always_sold() -> None:
    venue = make_venue(units=6)
    for number in range(5):
        start = NOON + number * DAY
        for _ in range(5):
            hold(venue, start)
        assert len(won(race(4, partial(hold, venue, start)))) == 1


def test_overlapping_ranges_of_all_sorts_never_share_a_unit() -> None:
    venue = make_venue(units=3)
    wishes = [(NOON + shift * HOUR, length) for shift in range(4) for length in (1, 2, 3)]
    acts = [partial(hold, venue, *wish) for wish in wishes]
    outcomes = at_once(acts)
    assert {type(one) for one in lost(outcomes)} <= {Taken}
    assert list(overlaps()) == []
    # Whoever was refused is refused still: nothing was lost to the crowd.
    assert sum(len(rows(one)) for one in won(outcomes)) == len(won(outcomes))


def test_combinations_that_share_a_table_do_not_deadlock() -> None:
    venue = make_venue("restaurant", units=3, capacity=2)
    tables = list(venue.resources.order_by("pk"))
    category = venue.categories.get()
    for name, pair in {"front": tables[:2], "back": tables[1:]}.items():
        venue.combinations.create(category=category, name=name, capacity=4).resources.set(pair)
    outcomes = at_once(
        [lambda: hold(venue, guest_count=4)] * 3 + [lambda: hold(venue, guest_count=2)] * 3
    )
    assert won(outcomes)
    assert {type(one) for one in lost(outcomes)} <= {HeldByOther}
    assert list(overlaps()) == []


def seen_at(instant: datetime, act: Callable[[], Any]) -> Callable[[], Any]:
    """The act as a host does it whose clock shows `instant`."""

    def acted() -> Any:
        with clock.at(instant):
            return act()

    return acted


def test_confirming_expiring_and_holding_anew_in_one_instant_end_in_one_owner() -> None:
    venue = make_venue(confirms_at_once=False)
    for number in range(8):
        start = NOON + number * DAY
        first = hold(venue, start)
        # Three hosts whose clocks differ by a second.
        outcomes = at_once(
            [
                seen_at(LAPSE - SECOND, partial(actions.confirm, reservation_id=first.pk, by=DESK)),
                seen_at(LAPSE, sweeps.expire_holds),
                seen_at(LAPSE, partial(hold, venue, start)),
            ]
        )
        (winner,) = won(outcomes)
        assert {type(one) for one in lost(outcomes)} <= {int, HoldExpired, HeldByOther, Taken}
        is_kept = winner.pk == first.pk
        assert status(first, LAPSE) is (Status.UPCOMING if is_kept else Status.EXPIRED)
        assert told(first).count("expired") == (0 if is_kept else 1)
    assert list(overlaps()) == []


def test_two_who_move_into_one_gap_do_not_both_get_it() -> None:
    venue = make_venue(units=1)
    for number in range(5):
        start = NOON + number * 2 * DAY
        pair = [hold(venue, start), hold(venue, start + 4 * HOUR)]
        gap = Change(times=Times(starts_at=start + 2 * HOUR, ends_at=start + 4 * HOUR))
        outcomes = at_once(
            partial(actions.modify, reservation_id=row.pk, change=gap, by=DESK) for row in pair
        )
        (winner,) = won(outcomes)
        (loser,) = (row for row in pair if row.pk != winner.pk)
        assert {type(one) for one in lost(outcomes)} == {Taken}
        assert taken(winner) == (start + 2 * HOUR, start + 4 * HOUR)
        assert taken(loser) == (loser.starts_at, loser.ends_at)


def test_arriving_while_the_sweep_gives_the_time_away_leaves_one_truth(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = make_venue(units=1, grace=HOUR)
    late = [hold(venue, NOON + number * DAY) for number in range(6)]
    for row in late:
        frozen.move_to(row.starts_at + HOUR)
        outcomes = at_once(
            [
                partial(actions.check_in, reservation_id=row.pk, by=DESK),
                sweeps.mark_no_shows,
            ]
        )
        assert len(won(outcomes)) == 1
        assert status(row, row.ends_at - SECOND) is Status.PRESENT
        live = rows(row)
        assert live[-1].ends_at == row.ends_at and live[-1].lapses_at is None
        actions.check_out(reservation_id=row.pk, by=DESK)
    assert list(overlaps()) == []


def test_two_sweeps_at_once_do_nothing_twice(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue(units=5, confirms_at_once=False)
    for _ in range(5):
        hold(venue)
    stays = make_venue(units=5, records_arrival=False, records_departure=False)
    for _ in range(5):
        hold(stays)
    frozen.move_to(NOON + 2 * HOUR)
    swept = at_once([sweeps.expire_holds] * 2 + [sweeps.complete_stays] * 2)
    assert sum(swept) == 10
    for name in ("reservation.expired", "reservation.completed"):
        assert Event.objects.filter(name=name).count() == 5


def test_a_sweep_never_completes_what_is_extended_at_that_instant(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = make_venue(records_arrival=False, records_departure=False)
    for number in range(5):
        start = NOON + number * DAY
        row = hold(venue, start)
        end = start + 2 * HOUR
        longer = Change(times=Times(ends_at=end + HOUR))
        outcomes = at_once(
            [
                seen_at(
                    end - SECOND,
                    partial(actions.modify, reservation_id=row.pk, change=longer, by=DESK),
                ),
                seen_at(end, sweeps.complete_stays),
            ]
        )
        row.refresh_from_db()
        if row.ends_at == end + HOUR:
            # Swept before it was extended, or not at all.
            assert row.completed_at in (None, end)
        assert not [one for one in outcomes if isinstance(one, Exception)]


def test_a_chosen_unit_and_a_closure_of_it_do_not_both_win() -> None:
    venue = make_venue(unit_choice="guest")
    unit = venue.resources.get().pk
    outcomes = at_once(
        [
            lambda: hold(venue, resource=unit),
            lambda: closures.close(
                venue_id=venue.pk,
                resource_ids=[unit],
                window=Window(NOON, NOON + 2 * HOUR),
                reason="",
                by=DESK,
            ),
        ]
    )
    assert [type(one) for one in outcomes].count(Taken) == 1
    assert Allocation.objects.filter(is_live=True).count() == 1


def test_repeating_a_verb_at_once_does_it_once(frozen: FrozenDateTimeFactory) -> None:
    row = hold(make_venue(confirms_at_once=False))
    for verb in (actions.confirm, actions.cancel):
        outcomes = race(4, partial(verb, reservation_id=row.pk, by=DESK))
        assert len(won(outcomes)) == 4
    assert told(row) == ["created", "confirmed", "cancelled"]


@pytest.mark.postgres
def test_a_change_that_waited_for_another_is_worked_out_anew() -> None:
    row = hold(make_venue())
    later = Change(times=Times(starts_at=NOON + DAY))
    longer = Change(times=Times(starts_at=None, ends_at=NOON + DAY + 5 * HOUR))
    outcomes: list[Any] = []

    def wait_and_extend() -> None:
        outcomes.extend(
            race(1, lambda: actions.modify(reservation_id=row.pk, change=longer, by=DESK))
        )

    second = threading.Thread(target=wait_and_extend)
    with transaction.atomic():
        lock_units(Resource.objects.values_list("pk", flat=True))
        second.start()
        until_somebody_waits()
        modify_here(row.pk, later, by=DESK)
    second.join()
    row.refresh_from_db()
    assert len(won(outcomes)) == 1
    assert (row.starts_at, row.ends_at) == (NOON + DAY, NOON + DAY + 5 * HOUR)


@pytest.mark.postgres
@pytest.mark.parametrize("verb", [actions.confirm, actions.cancel])
def test_who_waits_for_a_move_to_another_category_finds_the_reservation(verb: Any) -> None:
    venue = make_venue(confirms_at_once=False, unit_choice="guest")
    other = add_category(venue, "other").resources.get()
    row = hold(venue, category="standard")
    outcomes: list[Any] = []
    act = partial(verb, reservation_id=row.pk, by=DESK)
    waiter = threading.Thread(target=lambda: outcomes.extend(race(1, act)))
    with transaction.atomic():
        modify_here(row.pk, Change(resource=other.pk), by=DESK)
        waiter.start()
        until_somebody_waits()
    waiter.join()
    assert [type(one) for one in outcomes] == [Reservation]
    assert outcomes[0].category_id == other.category_id


def elsewhere(venue: Venue, told: list[Any]) -> threading.Thread:
    """A thread that moves the venue to another time zone; `told` gets what it came to."""
    wish = VenueWish(fields={"time_zone": "Asia/Tokyo"})
    change = partial(venues.change_venue, slug=venue.slug, wish=wish, by=DESK)
    thread = threading.Thread(target=lambda: told.extend(race(1, change)))
    thread.start()
    return thread


def test_a_zone_waits_for_a_booking_under_way_and_then_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    venue, outcome = make_venue(), list[Any]()
    threads: list[threading.Thread] = []

    def placing(ask: Any) -> Any:
        found = place(ask)
        threads.append(elsewhere(venue, outcome))
        threads[0].join(1)
        return found

    monkeypatch.setattr(holds, "place", placing)
    # For the first booking of a process the venue is read under the locks.
    hold(venue)
    threads[0].join()
    assert [type(one) for one in outcome] == [VenueInUse]
    venue.refresh_from_db()
    assert venue.time_zone == "UTC"


@pytest.mark.postgres
def test_a_booking_whose_venue_changed_before_its_locks_begins_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    venue, zones = make_venue(), list[str]()

    def placing(ask: Any) -> Any:
        if not zones:
            elsewhere(venue, []).join()
        zones.append(ask.venue.time_zone)
        return place(ask)

    monkeypatch.setattr(holds, "place", placing)
    hold(venue)
    assert zones == ["UTC", "Asia/Tokyo"]


@pytest.mark.postgres
def test_a_unit_that_is_retired_while_its_lock_is_waited_for_is_not_sold() -> None:
    venue = make_venue(units=1)
    outcomes: list[Any] = []
    with transaction.atomic():
        Resource.objects.update(retired_at=clock.now())
        waiter = threading.Thread(target=lambda: outcomes.extend(race(1, lambda: hold(venue))))
        waiter.start()
        until_somebody_waits()
    waiter.join()
    assert [type(one) for one in outcomes] == [PartyTooLarge]
    assert not Allocation.objects.exists()


def check_then_insert(unit: Resource, between: Callable[[], Any]) -> str:
    """How not to do it: look, and when nothing is there, write."""
    wanted = Allocation.objects.filter(resource=unit, is_live=True)
    if wanted.overlapping(NOON, NOON + HOUR).exists():
        return "taken"
    between()
    try:
        Allocation.objects.create(
            venue_id=unit.venue_id,
            resource=unit,
            closure_id="7d1b3a52-9f43-4a9e-9c0a-3a3f6f0f7a01",
            starts_at=NOON,
            ends_at=NOON + HOUR,
        )
    except DatabaseError:
        # PostgreSQL may also call it a deadlock: each waits for the other's row.
        return "refused by the database"
    return "sold"


def test_without_the_guard_a_check_and_an_insert_sell_twice() -> None:
    unit = make_venue().resources.get()
    barrier = threading.Barrier(2)
    with no_guard():
        outcomes = race(2, lambda: check_then_insert(unit, barrier.wait))
        assert outcomes == ["sold", "sold"]
        assert len(list(overlaps())) == 1


def test_with_the_guard_the_same_check_and_insert_sell_once() -> None:
    unit = make_venue().resources.get()
    barrier = threading.Barrier(2)
    outcomes = race(2, lambda: check_then_insert(unit, barrier.wait))
    assert sorted(outcomes) == ["refused by the database", "sold"]
    assert list(overlaps()) == []


def test_without_the_guard_the_verbs_still_lock_and_sell_once() -> None:
    venue = make_venue()
    with no_guard():
        if connection.vendor == "postgresql":
            pytest.skip("the insert names the constraint, so PostgreSQL refuses it without one")
        assert len(won(race(8, lambda: hold(venue)))) == 1
        assert list(overlaps()) == []
