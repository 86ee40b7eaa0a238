"""Brings back what was cancelled, has expired or counts as a no-show."""

from datetime import datetime, timedelta

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, events
from reservations.corrections import amounts, regained_time, rounds
from reservations.errors import Invalid, WrongStatus
from reservations.event_types import (
    CANCELLED,
    CHECKED_IN,
    CHECKED_OUT,
    CONFIRMED,
    REINSTATED,
    REST_RELEASED,
)
from reservations.lifecycle import drafts
from reservations.limits import one_per_day
from reservations.models import Reservation
from reservations.pricing import settlement
from reservations.records import locked, look, save
from reservations.rules import differences, permissions
from reservations.status import Status
from reservations.transactions import Restart

LATEST = timedelta(days=7)
"""How long after its end staff may still say that a guest came."""

EARLIEST = timedelta(days=1)
"""How long before the start a guest may have come."""

_GONE = (Status.CANCELLED, Status.EXPIRED, Status.NO_SHOW)


def may(reservation: Reservation, now: datetime) -> bool:
    """True when it is over without a stay, until LATEST after its end. Runs no query."""
    return reservation.status_at(now) in _GONE and now < reservation.ends_at + LATEST


def needs_arrival(reservation: Reservation, now: datetime) -> bool:
    """True when the range is over, so that only a stay that took place can be entered."""
    return now >= reservation.ends_at


def judge(reservation: Reservation, now: datetime, arrived_at: datetime | None = None) -> None:
    """Raises WrongStatus when it cannot be reinstated, or Invalid at `arrived_at`."""
    status = reservation.status_at(now)
    if status not in _GONE:
        raise WrongStatus(
            gettext("A reservation that is %(status)s cannot be reinstated.")
            % {"status": status.word}
        )
    if not may(reservation, now):
        raise WrongStatus(
            gettext("It ended more than %(days)s days ago. Make a note of it instead.")
            % {"days": LATEST.days}
        )
    if not needs_arrival(reservation, now):
        if arrived_at is not None:
            raise Invalid(
                "arrived_at",
                gettext(
                    "It has not ended yet. Reinstate it without this, then check the guest in."
                ),
            )
        return
    if arrived_at is None:
        raise WrongStatus(
            gettext("It has ended. Say in `arrived_at` when the guest came, if they did.")
        )
    if not reservation.starts_at - EARLIEST <= arrived_at < reservation.ends_at:
        raise Invalid("arrived_at", gettext("Give an instant during the reservation."))


def reinstate(
    reservation_id: int, *, reason: str, arrived_at: datetime | None = None, by: Caller
) -> Reservation:
    """Brings a reservation back. Staff only. Assumes a transaction.

    A cancelled one becomes what it was: confirmed, or held for a new hold time; an expired one is
    held anew; a no-show is awaited until its end. After the end, `arrived_at` enters a stay that
    took place. Notice, horizon, hours and party are not judged; time is. Repeating it changes
    nothing. Raises NotFound, Forbidden, Invalid, WrongStatus, Taken or HeldByOther.
    """
    seen = look(reservation_id, by=by)
    reason = permissions.judge_reason(seen.venue_id, reason, by)
    placement = None
    if may(seen, clock.now()):
        placement = regained_time.find(seen, by=by)
    reservation = locked(reservation_id, by=by)
    now = clock.now()
    if _is_repeat(reservation, arrived_at):
        return reservation
    judge(reservation, now, arrived_at)
    if reservation.version != seen.version:
        raise Restart
    before = differences.of(reservation)
    fields = [*_bring_back(reservation, now), *rounds.begin(reservation)]
    if arrived_at is not None:
        fields += _enter_stay(reservation, arrived_at, now=now)
    elif placement is None:
        # It ended while this waited for the locks.
        raise Restart
    else:
        regained_time.take(reservation, placement, now=now)
    save(reservation, *fields)
    _tell(reservation, before, reason, is_stay=arrived_at is not None, now=now, by=by)
    return reservation


def _is_repeat(reservation: Reservation, arrived_at: datetime | None) -> bool:
    if arrived_at is None:
        return rounds.is_repeat(reservation, REINSTATED)
    return (
        reservation.checked_in_at == arrived_at
        and rounds.event_of(reservation, REINSTATED) is not None
    )


def _bring_back(reservation: Reservation, now: datetime) -> list[str]:
    """Sets facts, instants and amounts as they were, or as of now. Returns their names."""
    found = _amounts_before(reservation)
    for name, value in found.items():
        setattr(reservation, name, value)
    was_missed = reservation.status_at(now) is Status.NO_SHOW
    reservation.cancelled_at = reservation.expired_at = reservation.missed_at = None
    awaits = reservation.no_show_at is not None
    if not reservation.confirmed_at:
        reservation.hold_expires_at = drafts.hold_end(reservation, now)
    elif awaits and (was_missed or now >= (reservation.no_show_at or now)):
        reservation.no_show_at = reservation.ends_at
    reservation.day_key = one_per_day.still_free(reservation)
    facts = ("cancelled_at", "expired_at", "missed_at", "hold_expires_at", "no_show_at", "day_key")
    return [*facts, *found]


def _amounts_before(reservation: Reservation) -> dict[str, int]:
    """The amounts before what ended it in this round: its cancellation, or its rest's release."""
    ended = reservation.events.filter(
        name__in=(CANCELLED.name, REST_RELEASED.name), round=reservation.round
    )
    event = ended.order_by("-pk").first()
    return {} if event is None else amounts.before(reservation, event)


def _enter_stay(reservation: Reservation, arrived_at: datetime, *, now: datetime) -> list[str]:
    """Enters a stay that took place: arrival, departure at the end, and its price."""
    reservation.checked_in_at = arrived_at
    fields = ["checked_in_at"]
    if not reservation.confirmed_at:
        reservation.confirmed_at = now
        fields.append("confirmed_at")
    if not reservation.is_departure_assumed:
        reservation.checked_out_at = reservation.ends_at
        reservation.price_minor = settlement.final_price(reservation, reservation.ends_at)
        fields += ["checked_out_at", "price_minor"]
    return fields


def _tell(
    reservation: Reservation,
    before: differences.Told,
    reason: str,
    *,
    is_stay: bool,
    now: datetime,
    by: Caller,
) -> None:
    """Records `reinstated`, and for a stay its arrival and departure."""
    stay = {"checked_in_at", "checked_out_at", "confirmed_at"} if is_stay else set()
    changed = differences.since(before, reservation, but=stay)
    told = [
        events.draft(reservation, REINSTATED({"reason": reason, "changed": changed}), at=now, by=by)
    ]
    if is_stay and before["confirmed_at"] is None:
        told.append(events.draft(reservation, CONFIRMED({}), at=now, by=by))
    if is_stay and reservation.checked_in_at:
        told.append(events.draft(reservation, CHECKED_IN({}), at=reservation.checked_in_at, by=by))
    if is_stay and reservation.checked_out_at:
        told.append(
            events.draft(reservation, CHECKED_OUT({}), at=reservation.checked_out_at, by=by)
        )
    events.record_many(told)
