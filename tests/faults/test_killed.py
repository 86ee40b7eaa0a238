"""API processes killed in the middle of bookings: what was acknowledged is there, once."""

import os
import random
import signal
from collections.abc import Callable
from functools import partial

import pytest

from tests.faults.fleet import Fleet, wait_until
from tests.faults.guests import Guests, fresh, judge, kept
from tests.faults.mortal import HEADER

TIMES = 6


def test_every_acknowledged_booking_is_there_and_every_key_made_one_at_most(
    fleet: Fleet, report: Callable[[object], None]
) -> None:
    guests = fresh(fleet)
    with guests.booking():
        for _ in range(TIMES):
            guests.wait_for(10)
            # By random, so that it may have committed and not answered.
            victim = random.choice(fleet.children("api"))
            os.kill(victim, signal.SIGKILL)
            wait_until(partial(_is_replaced, fleet, victim))
        guests.wait_for(10)
    # A connection that ended without an answer, and never a fault.
    assert guests.statuses() <= {201, 409, None}
    report(judge(guests, fleet.postgres))


def test_killed_between_commit_and_answer_the_repeat_is_told_what_was_made(fleet: Fleet) -> None:
    fleet.serve_mortal("second")
    guests = fresh(fleet, "second")
    wish = guests.wish()
    path, once = "/api/v1/reservations", {"Idempotency-Key": wish.key}
    assert guests.ask("POST", path, wish.body, **once, **{HEADER: "1"}).status is None
    (made,) = kept(fleet.postgres)[wish.key]
    told = guests.send(wish)
    assert (told.status, told.body["id"]) == (201, str(made))
    # The control: without the key its own booking is in the guest's way.
    again = guests.ask("POST", path, wish.body, **{"Idempotency-Key": "another"})
    assert (again.status, again.body["code"]) == (409, "taken")
    assert kept(fleet.postgres)[wish.key] == [made]
    fleet.kill("second")


def test_the_judge_finds_what_is_missing_and_what_was_made_twice(fleet: Fleet) -> None:
    # The negative control: what a service that loses or doubles would leave behind.
    guests = _who_booked(fleet, 3)
    lost, doubled, _ = guests.booked()
    _forget(fleet, lost.key)
    with pytest.raises(AssertionError):
        judge(guests, fleet.postgres)
    guests.wishes.remove(lost)
    judge(guests, fleet.postgres)
    mark = "UPDATE reservations_reservation SET remarks = %s WHERE remarks = %s"
    fleet.postgres.run(mark, doubled.key, guests.booked()[1].key)
    with pytest.raises(AssertionError):
        judge(guests, fleet.postgres)
    fleet.postgres.run("UPDATE reservations_reservation SET remarks = ''")


def _who_booked(fleet: Fleet, count: int) -> Guests:
    guests = fresh(fleet)
    while len(guests.booked()) < count:
        wish = guests.wish()
        wish.answer = guests.send(wish)
        guests.wishes.append(wish)
    return guests


def _forget(fleet: Fleet, key: str) -> None:
    mark = "UPDATE reservations_reservation SET remarks = '' WHERE remarks = %s"
    fleet.postgres.run(mark, key)


def _is_replaced(fleet: Fleet, victim: int) -> bool:
    children = fleet.children("api")
    return victim not in children and len(children) == 2
