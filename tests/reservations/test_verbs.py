"""Each verb in each status: what its `may` promises is what the verb does, and what pages offer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from desk.reservations.amounts import may_leave_early
from desk.reservations.buttons import buttons_for
from reservations import actions, clock
from reservations.corrections import (
    check_in_undos,
    check_out_undos,
    reinstatements,
    rest_releases,
)
from reservations.corrections.rest_releases import Release, RestCharge
from reservations.errors import HoldExpired, Refusal, WrongStatus
from reservations.lifecycle import (
    cancellations,
    check_ins,
    check_outs,
    confirmations,
    modifications,
)
from reservations.models import Allocation, Reservation
from reservations.records import look
from reservations.requests import Change
from reservations.status import Status
from tests.factories import DESK, NOON, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE, SECOND, facts
from tests.web.browsing import text
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

OPENS, END = NOON - 30 * MINUTE, NOON + 2 * HOUR
HELD_UNTIL = NOON - DAY + 30 * MINUTE
DONE = {"confirmed_at": NOON - 20 * HOUR}
MISSED = DONE | {"no_show_at": NOON + 15 * MINUTE}
HERE = DONE | {"checked_in_at": NOON}
ASSUMED = DONE | {"is_arrival_assumed": True}


@dataclass(frozen=True)
class Situation:
    """Facts that have a status at an instant."""

    status: Status
    at: datetime
    facts: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.status.word} {self.at:%d %H:%M:%S} {' '.join(self.facts)}"


SITUATIONS = [
    Situation(Status.HELD, HELD_UNTIL - SECOND),
    Situation(Status.HELD, OPENS - SECOND, {"hold_expires_at": NOON}),
    Situation(Status.HELD, OPENS, {"hold_expires_at": NOON}),
    Situation(Status.EXPIRED, HELD_UNTIL),
    Situation(Status.EXPIRED, NOON, {"expired_at": HELD_UNTIL}),
    Situation(Status.UPCOMING, OPENS - SECOND, DONE),
    Situation(Status.UPCOMING, OPENS, DONE),
    Situation(Status.UPCOMING, NOON, MISSED),
    Situation(Status.PRESENT, NOON, HERE),
    Situation(Status.PRESENT, END + HOUR, HERE),
    Situation(Status.PRESENT, NOON, ASSUMED),
    Situation(Status.LEFT, END, HERE | {"checked_out_at": END - HOUR}),
    Situation(Status.LEFT, END, HERE | {"is_departure_assumed": True}),
    Situation(Status.LEFT, END, ASSUMED | {"is_departure_assumed": True}),
    Situation(Status.NO_SHOW, END - SECOND, MISSED),
    Situation(Status.NO_SHOW, END, MISSED),
    Situation(Status.CANCELLED, NOON, {"cancelled_at": HELD_UNTIL - MINUTE}),
    Situation(Status.CANCELLED, NOON, HERE | {"cancelled_at": NOON}),
]


def may_modify(row: Reservation, now: datetime) -> bool:
    """What the desk may change: details also of what is over."""
    return modifications.may(row, now) or modifications.may_correct_details(row, now)


def modify(*, reservation_id: int, by: Any) -> Reservation:
    change = Change(details={"remarks": "By the window."})
    return actions.modify(reservation_id=reservation_id, change=change, by=by)


def undo_check_in(*, reservation_id: int, by: Any) -> Reservation:
    return actions.undo_check_in(reservation_id=reservation_id, reason="Wrong guest", by=by)


def undo_check_out(*, reservation_id: int, by: Any) -> Reservation:
    return actions.undo_check_out(reservation_id=reservation_id, reason="Wrong guest", by=by)


def release_rest(*, reservation_id: int, by: Any) -> Reservation:
    release = Release(charge=RestCharge.NOTHING, reason="Did not come", since=NOON)
    return actions.release_rest(reservation_id=reservation_id, release=release, by=by)


def reinstate(*, reservation_id: int, by: Any) -> Reservation:
    row, now = look(reservation_id, by=by), clock.now()
    came = row.starts_at if reinstatements.needs_arrival(row, now) else None
    return actions.reinstate(
        reservation_id=reservation_id, reason="They came", arrived_at=came, by=by
    )


VERBS: dict[
    str, tuple[Callable[..., Reservation], Callable[[Reservation, datetime], bool], str | None]
] = {
    "confirm": (actions.confirm, confirmations.may, "confirmed_at"),
    "modify": (modify, may_modify, None),
    "check_in": (actions.check_in, check_ins.may, "checked_in_at"),
    "check_out": (actions.check_out, check_outs.may, "checked_out_at"),
    "complete": (actions.complete, check_outs.may_complete, "checked_out_at"),
    "cancel": (actions.cancel, cancellations.may, "cancelled_at"),
    "undo_check_in": (undo_check_in, check_in_undos.may, None),
    "undo_check_out": (undo_check_out, check_out_undos.may, None),
    "release_rest": (release_rest, rest_releases.may, None),
    "reinstate": (reinstate, reinstatements.may, None),
}


@pytest.fixture
def venue() -> Venue:
    return make_venue("restaurant", early_check_in=NOON - OPENS)


def reservation_in(situation: Situation, venue: Venue) -> Reservation:
    row = facts(venue, **situation.facts)
    row.save()
    is_live = not (row.cancelled_at or row.expired_at or row.checked_out_at)
    Allocation.objects.create(
        venue=venue,
        resource=venue.resources.all()[0],
        reservation=row,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        is_live=is_live,
        lapses_at=None if row.confirmed_at else row.hold_expires_at,
    )
    return look(row.pk, by=DESK)


def does(act: Callable[..., Reservation], row: Reservation) -> bool:
    """Whether the verb changes the reservation; it is put back."""
    point = transaction.savepoint()
    try:
        return act(reservation_id=row.pk, by=DESK).version != row.version
    except (WrongStatus, HoldExpired):
        return False
    finally:
        transaction.savepoint_rollback(point)


def test_every_status_is_in_the_table() -> None:
    assert {one.status for one in SITUATIONS} == set(Status)


@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
def test_a_verb_does_what_its_may_says(
    venue: Venue, frozen: FrozenDateTimeFactory, situation: Situation
) -> None:
    row = reservation_in(situation, venue)
    frozen.move_to(situation.at)
    assert row.status_at(situation.at) is situation.status
    for verb, (act, may, _fact) in VERBS.items():
        assert may(row, situation.at) is does(act, row), verb


@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
def test_a_verb_that_may_not_refuses_unless_it_was_done_before(
    venue: Venue, frozen: FrozenDateTimeFactory, situation: Situation
) -> None:
    row = reservation_in(situation, venue)
    frozen.move_to(situation.at)
    for verb, (act, may, fact) in VERBS.items():
        is_done = bool(fact and getattr(row, fact)) and (
            not row.cancelled_at or fact == "cancelled_at"
        )
        if may(row, situation.at):
            continue
        if is_done:
            assert act(reservation_id=row.pk, by=DESK).version == row.version, verb
        else:
            with pytest.raises(Refusal):
                act(reservation_id=row.pk, by=DESK)


def test_a_hold_whose_time_was_released_is_refused_though_its_status_allows_it(
    venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = reservation_in(Situation(Status.HELD, OPENS, {"hold_expires_at": NOON}), venue)
    row.allocations.update(is_live=False)
    frozen.move_to(OPENS)
    for act, may in (VERBS["confirm"][:2], VERBS["modify"][:2], VERBS["check_in"][:2]):
        assert may(row, OPENS)
        with pytest.raises(HoldExpired):
            act(reservation_id=row.pk, by=DESK)


@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
def test_the_desk_offers_what_may_be_done(venue: Venue, situation: Situation) -> None:
    row, now = reservation_in(situation, venue), situation.at
    offered = {button.verb for button in buttons_for(row, now)}
    plain = (
        "confirm", "check_out", "cancel", "undo_check_in", "undo_check_out", "reinstate",
        "release_rest",
    )  # fmt: skip
    expected = {verb for verb in plain if VERBS[verb][1](row, now)}
    if modifications.may(row, now):
        expected |= {"move", "swap"}
    if may_modify(row, now):
        expected.add("modify")
    if may_leave_early(row, now):
        expected.add("check_out_early")
    # Where arrival is assumed, nobody at the desk has to record it.
    if check_ins.may(row, now) and situation.status is not Status.PRESENT:
        expected.add("check_in")
    assert offered == expected


def links(page: str, row: Reservation) -> Iterator[str]:
    for verb in ("confirm", "change", "cancel"):
        if f'"/reservations/{row.code}/{verb}/"' in page:
            yield verb


@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
def test_the_page_of_a_reservation_offers_what_may_be_done(
    venue: Venue, client: Client, frozen: FrozenDateTimeFactory, situation: Situation
) -> None:
    row, now = reservation_in(situation, venue), situation.at
    frozen.move_to(now)
    answer = client.post("/reservations/find/", {"code": row.code, "phone": row.phone}, follow=True)
    assert answer.status_code == 200
    page = text(answer)
    expected = {
        "confirm": confirmations.may(row, now),
        "change": modifications.may(row, now),
        "cancel": cancellations.may(row, now),
    }
    assert set(links(page, row)) == {verb for verb, may in expected.items() if may}
    for verb in ("change", "cancel"):
        found = client.get(f"/reservations/{row.code}/{verb}/")
        assert (found.status_code == 200) is expected[verb], verb


@pytest.mark.parametrize("late", [timedelta(0), SECOND])
def test_the_fee_asked_before_cancelling_is_the_fee_recorded(
    venue: Venue, frozen: FrozenDateTimeFactory, late: timedelta
) -> None:
    free_until = NOON - 2 * HOUR
    row = reservation_in(
        Situation(
            Status.UPCOMING, NOON, DONE | {"cancel_free_until": free_until, "cancel_fee_minor": 500}
        ),
        venue,
    )
    frozen.move_to(free_until + late)
    asked = cancellations.fee_minor(row, free_until + late)
    actions.cancel(reservation_id=row.pk, by=DESK)
    assert row.events.get(name="reservation.cancelled").data == {"fee_minor": asked}
    assert asked == (500 if late else 0)
