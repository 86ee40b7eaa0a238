"""A crowd on one unit: one tries, the others wait for what becomes of it and are told together."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from guests.callers import Caller
from reservations import actions, clock, single_flight
from reservations.allocation import early_refusal, ledger
from reservations.alternatives import find
from reservations.errors import HeldByOther, Taken
from reservations.lifecycle import hold_statement, holds
from reservations.models import Reservation
from tests.factories import DESK, booking, hold, make_venue
from tests.guests.races import race, until
from tests.reservations.facts import guest
from venues import catalogue
from venues.models import Venue

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("frozen")]

CROWD = 6


@pytest.fixture(params=[True, False], ids=["confirmed", "held"])
def venue(request: pytest.FixtureRequest) -> Venue:
    """A venue whose units are chosen: sold in one statement, or in a transaction with a count."""
    made = make_venue(units=3, unit_choice="guest", confirms_at_once=request.param)
    catalogue.find(made.slug)
    return made


class Counted:
    """Stands for a function: counts its calls, each of which waits until `may_go` says so."""

    def __init__(self, real: Callable[..., Any], may_go: Callable[[], bool]) -> None:
        self.real, self.may_go, self.calls = real, may_go, 0

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        self.calls += 1
        until(self.may_go)
        return self.real(*arguments, **named)


def wants(venue: Venue, people: list[Caller]) -> Callable[[], Reservation]:
    """What each of them does: ask for the same unit at the same time."""
    unit = venue.resources.order_by("pk")[0].pk
    pending = iter(people)
    return lambda: hold(venue, resource=unit, by=next(pending))


def test_one_tries_and_the_others_look_once_it_is_sold(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    came = threading.Semaphore(0)
    trying = early_refusal.trying

    def coming(*arguments: Any) -> Any:
        came.release()
        return trying(*arguments)

    write = Counted(hold_statement.write, lambda: came._value == CROWD)
    monkeypatch.setattr(early_refusal, "trying", coming)
    monkeypatch.setattr(hold_statement, "write", write)
    # Nobody needs to find out under locks.
    monkeypatch.setattr(holds, "locked", lambda *_, **__: pytest.fail("looked once more"))
    told = race(CROWD, wants(venue, [guest() for _ in range(CROWD)]))
    assert write.calls == 1
    refusals = [one for one in told if not isinstance(one, Reservation)]
    assert {type(one) for one in refusals} == {
        Taken if venue.policy.confirms_at_once else HeldByOther
    }
    assert len(refusals) == CROWD - 1


def test_what_could_be_had_instead_is_found_once_for_those_who_were_refused_together(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(single_flight, "CROWDED", 60)
    monkeypatch.setattr(single_flight, "AGAIN", 60)
    people = [guest() for _ in range(CROWD)]
    wants(venue, people[:1])()
    # The first looks for long enough that others come meanwhile, who look together after it.
    look = Counted(ledger.taken_rows, lambda: look.calls > 1 or _several_wait())
    monkeypatch.setattr(ledger, "taken_rows", look)
    assert {type(one) for one in race(3, wants(venue, people[1:4]))} <= {Taken, HeldByOther}
    assert look.calls == 2
    found = Counted(find._around, lambda: True)
    monkeypatch.setattr(find, "_around", found)
    wish = booking(venue, resource=venue.resources.order_by("pk")[0].pk)
    told = [find.for_booking(wish, by=by, now=clock.now()) for by in people[4:]]
    assert found.calls == 1
    assert told[0] is told[1] and told[0]


def _several_wait() -> bool:
    (asked,) = single_flight._asked.values()
    return asked.waiting is not None and asked.waiting.is_shared


def test_who_is_refused_alone_is_told_what_there_is_now(venue: Venue) -> None:
    first, second, third = venue.resources.order_by("pk")
    wish = booking(venue, resource=first.pk)
    hold(venue, resource=first.pk)
    for unit in (second, third):
        with pytest.raises((Taken, HeldByOther)):
            actions.hold(booking=wish, by=DESK)
        told = find.for_booking(wish, by=DESK, now=clock.now())
        same = [one.unit for one in told if one.window.start == wish.times.starts_at]
        assert same and same[0] is not None and same[0].pk == unit.pk
        hold(venue, resource=unit.pk)


def test_a_group_keeps_to_itself_what_it_sees_of_its_own_time(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others would be refused by time that the group, being refused as well, never takes."""
    monkeypatch.setattr(single_flight, "together", lambda *_, **__: pytest.fail("told others"))
    twice = [booking(venue, resource=venue.resources.order_by("pk")[0].pk)] * 2
    with pytest.raises(Taken):
        actions.hold_group(bookings=twice, by=DESK)
    assert not Reservation.objects.exists()


@pytest.mark.parametrize("by", [lambda: DESK, guest], ids=["desk", "guest"])
def test_who_is_refused_a_unit_is_not_judged_again(
    venue: Venue, by: Callable[[], Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [by(), by()]
    ask = wants(venue, people)
    ask()
    monkeypatch.setattr(holds, "locked", lambda *_, **__: pytest.fail("judged again"))
    with pytest.raises((Taken, HeldByOther)):
        ask()
