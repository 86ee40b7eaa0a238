"""Carries out a step through the engine's verbs, which everybody uses."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from time import sleep
from typing import Any

from django.db import InterfaceError, OperationalError, connection
from django.db.models import Q, QuerySet

from config.proving import looking
from config.proving.ground import SEATS, Ground
from config.proving.journal import Call, Journal, Seen, seen
from config.proving.script import STEP, Step
from guests.callers import Caller, system
from reservations import actions, clock, sweeps
from reservations.corrections.rest_releases import Release, RestCharge
from reservations.errors import Refusal
from reservations.inventory import closures
from reservations.models import Reservation
from reservations.requests import Booking, Change, Contact, Times
from venues.hours import Window

_CONTACT = Contact(first_name="Proof", last_name="Of Nothing", phone="+31201234567")

_STANDS = Q(cancelled_at__isnull=True, expired_at__isnull=True)
_NOT_LEFT = _STANDS & Q(checked_out_at__isnull=True)
_NOT_HERE = _STANDS & Q(checked_in_at__isnull=True)
_IN_A_GROUP = _NOT_HERE & Q(group_id__isnull=False)
_GONE = Q(checked_in_at__isnull=True) & (~_STANDS | Q(missed_at__isnull=False))
_FOR = {
    "confirm": _STANDS & Q(confirmed_at__isnull=True),
    "confirm a group": _IN_A_GROUP & Q(confirmed_at__isnull=True),
    "modify": _NOT_LEFT,
    "move to a unit": _NOT_LEFT,
    "swap units": _NOT_LEFT,
    "cancel": _NOT_HERE,
    "cancel a group": _IN_A_GROUP,
    "check a group in": _IN_A_GROUP,
    "check a group out": _NOT_LEFT & Q(checked_in_at__isnull=False, group_id__isnull=False),
    "check in": _NOT_HERE,
    "check out": _NOT_LEFT & Q(checked_in_at__isnull=False),
    "complete": _NOT_LEFT & Q(confirmed_at__isnull=False),
    "undo check-in": _NOT_LEFT & Q(checked_in_at__isnull=False),
    "undo check-out": Q(checked_out_at__isnull=False),
    "reinstate": _GONE,
    "enter a stay": _GONE,
    "release the rest": _NOT_HERE & Q(confirmed_at__isnull=False),
    "adjust the price": _STANDS,
    "waive the fee": Q(fee_due_minor__gt=0),
}
"""The reservations on which a verb is tried, as they look without a lock."""
_OF_GROUPS: dict[str, Callable[..., list[Reservation]]] = {
    "confirm a group": actions.confirm_group,
    "cancel a group": actions.cancel_group,
    "check a group in": actions.check_in_group,
    "check a group out": actions.check_out_group,
}
_CHARGES = tuple(RestCharge)
_LONG_AGO = timedelta(seconds=4)
"""How long ago a guest is said to have come whose stay is entered afterwards."""
_MOST_RECENT = 20
_LOST = (OperationalError, InterfaceError)
_WHILE_AWAY = 0.1
"""Seconds to wait after the database was away, so that clients do not call it a thousand times."""


def by(client: int) -> Caller:
    """Returns the caller for a client. Its number is in the events."""
    return system(f"prove:{client}")


def sweep(venue_id: int) -> None:
    """Runs the sweeps of every minute, for this venue only."""
    sweeps.expire_holds(venue_id=venue_id)
    sweeps.mark_no_shows(venue_id=venue_id)
    sweeps.complete_stays(venue_id=venue_id)


class Actor:
    """One client. It writes each call to its journal before and after the call."""

    def __init__(self, ground: Ground, client: int, journal: Journal) -> None:
        self._ground = ground
        self._client = client
        self._by = by(client)
        self._journal = journal
        self._number = 0
        self._closures: list[uuid.UUID] = []

    def act(self, step: Step) -> Call | None:
        """Makes the call. Returns None if there was nothing to make it on."""
        match step.verb:
            case "hold" | "hold a unit" | "hold together" | "hold a group":
                return self._hold(step)
            case "walk in":
                return self._walk_in(step)
            case "swap units":
                return self._swap(step)
            case _ if step.verb in _OF_GROUPS:
                return self._act_on_group(step)
            case "close":
                return self._close(step)
            case "reopen":
                return self._reopen()
            case "sweep":
                return self._sweep()
            case "look":
                return self._look()
            case _:
                about = self._choose(step)
                return self._change(step, about) if about is not None else None

    def confirm(self, reservation_id: int, verb: str) -> Call:
        """Confirms this reservation."""
        with self._written(verb, about=reservation_id) as call:
            call.seen = [seen(actions.confirm(reservation_id=reservation_id, by=self._by))]
        return call

    def _hold(self, step: Step) -> Call:
        window = step.window(clock.now())
        count = step.count if step.verb == "hold a group" else 1
        unit = self._unit(step) if step.verb == "hold a unit" else None
        with self._written(step.verb, unit=unit, count=count, window=window) as call:
            bookings = [self._booking(step, call, window)] * count
            call.seen = [seen(row) for row in self._take(bookings)]
        return call

    def _walk_in(self, step: Step) -> Call:
        window = Window(clock.now(), clock.now() + step.length * STEP)
        with self._written("walk in", window=window) as call:
            booking = replace(self._booking(step, call, window), is_walk_in=True)
            call.seen = [seen(actions.walk_in(booking=booking, by=self._by))]
        return call

    def _swap(self, step: Step) -> Call | None:
        ids = self._recent(step)
        first = int(step.pick * len(ids))
        pair = ids[first : first + 2]
        if len(pair) != 2:
            return None
        with self._written("swap units", about=pair[0], others=pair[1:]) as call:
            rows = actions.swap(
                venue=self._ground.slug, reservations=pair, reason=call.mark, by=self._by
            )
            call.seen = [seen(row) for row in rows]
        return call

    def _act_on_group(self, step: Step) -> Call | None:
        members = self._group(step)
        if not members:
            return None
        (about, group_id), *rest = members
        verb = _OF_GROUPS[step.verb]
        with self._written(step.verb, about=about, others=[pk for pk, _ in rest]) as call:
            call.seen = [seen(row) for row in verb(group_id=group_id, by=self._by)]
        return call

    def _take(self, bookings: Sequence[Booking]) -> list[Reservation]:
        if len(bookings) > 1:
            return actions.hold_group(bookings=bookings, by=self._by)
        return [actions.hold(booking=bookings[0], by=self._by)]

    def _booking(self, step: Step, call: Call, window: Window) -> Booking:
        is_together = step.verb == "hold together"
        category = "table" if is_together else step.category
        return Booking(
            venue=self._ground.slug,
            times=Times(starts_at=window.start, ends_at=window.end),
            contact=_CONTACT,
            guest_count=2 * SEATS if is_together else step.party,
            category=category if call.unit is None else None,
            resource=call.unit,
            remarks=call.mark,
        )

    def _change(self, step: Step, about: int) -> Call:
        if step.verb == "confirm":
            return self.confirm(about, step.verb)
        unit = self._unit(step) if step.verb == "move to a unit" else None
        with self._written(step.verb, about=about, unit=unit) as call:
            call.seen = [self._changed(step, call, about)]
        return call

    def _changed(self, step: Step, call: Call, about: int) -> Seen:
        match step.verb:
            case "cancel":
                return seen(actions.cancel(reservation_id=about, by=self._by))
            case "check in":
                return seen(actions.check_in(reservation_id=about, by=self._by))
            case "check out":
                return seen(actions.check_out(reservation_id=about, by=self._by))
            case "complete":
                return seen(actions.complete(reservation_id=about, by=self._by))
            case "modify" | "move to a unit":
                change = self._wish(step, call.unit)
                return seen(actions.modify(reservation_id=about, change=change, by=self._by))
            case _:
                return seen(self._corrected(step, call, about))

    def _corrected(self, step: Step, call: Call, about: int) -> Reservation:
        given: dict[str, Any] = {"reservation_id": about, "by": self._by}
        reason = call.mark
        match step.verb:
            case "undo check-in":
                return actions.undo_check_in(**given, reason=reason)
            case "undo check-out":
                return actions.undo_check_out(**given, reason=reason)
            case "reinstate":
                return actions.reinstate(**given, reason=reason)
            case "enter a stay":
                came = call.asked_at - _LONG_AGO
                return actions.reinstate(**given, reason=reason, arrived_at=came)
            case "release the rest":
                charge = _CHARGES[int(step.pick * len(_CHARGES))]
                return actions.release_rest(**given, release=Release(charge=charge, reason=reason))
            case "adjust the price":
                amount = 100 * (step.ahead + step.length)
                return actions.adjust_price(**given, amount_minor=amount, reason=reason)
            case "waive the fee":
                return actions.waive_fee(**given, reason=reason)
            case _:
                raise AssertionError(step.verb)

    def _wish(self, step: Step, unit: int | None) -> Change:
        if unit is not None:
            return Change(resource=unit)
        window = step.window(clock.now())
        # A guest who is present can only stay longer or shorter.
        is_other_end = step.party == 1
        start = None if is_other_end else window.start
        return Change(times=Times(starts_at=start, ends_at=window.end if is_other_end else None))

    def _close(self, step: Step) -> Call:
        unit, window = self._unit(step), step.window(clock.now())
        with self._written("close", unit=unit, window=window) as call:
            closure = closures.close(
                venue_id=self._ground.venue_id,
                resource_ids=[unit],
                window=window,
                reason=call.mark,
                by=self._by,
            )
            call.closure = str(closure)
            self._closures.append(closure)
        return call

    def _reopen(self) -> Call | None:
        if not self._closures:
            return None
        closure = self._closures.pop()
        with self._written("reopen", closure=str(closure)) as call:
            closures.reopen(closure_id=closure, by=self._by)
        return call

    def _sweep(self) -> Call:
        with self._written("sweep") as call:
            sweep(self._ground.venue_id)
        return call

    def _look(self) -> Call:
        with self._written("look") as call:
            if fault := looking.fault(self._ground.venue_id):
                call.outcome, call.code = "seen", fault
        return call

    def _choose(self, step: Step) -> int | None:
        ids = self._recent(step)
        return ids[int(step.pick * len(ids))] if ids else None

    def _recent(self, step: Step) -> list[int]:
        rows = Reservation.objects.filter(_FOR[step.verb] & _in_time(step, clock.now()))
        return [pk for pk, _ in self._read(rows)]

    def _group(self, step: Step) -> list[tuple[int, Any]]:
        """Returns the ids of a group's reservations, each with the id of the group."""
        asked = _FOR[step.verb] & _in_time(step, clock.now())
        found = self._read(Reservation.objects.filter(asked))
        if not found:
            return []
        _, group_id = found[int(step.pick * len(found))]
        return sorted(self._read(Reservation.objects.filter(group_id=group_id)))

    def _read(self, rows: QuerySet[Reservation]) -> list[tuple[int, Any]]:
        rows = rows.filter(venue_id=self._ground.venue_id).order_by("-pk")
        try:
            return list(rows.values_list("pk", "group_id")[:_MOST_RECENT])
        except _LOST:
            # No call was made yet, so there is nothing to write.
            connection.close()
            return []

    def _unit(self, step: Step) -> int:
        units = self._ground.units[step.category]
        return units[int(step.pick * len(units))]

    @contextmanager
    def _written(
        self,
        verb: str,
        *,
        about: int | None = None,
        others: Sequence[int] = (),
        unit: int | None = None,
        count: int = 1,
        closure: str = "",
        window: Window | None = None,
    ) -> Iterator[Call]:
        self._number += 1
        call = Call(
            client=self._client,
            number=self._number,
            verb=verb,
            asked_at=clock.now(),
            about=about,
            others=list(others),
            unit=unit,
            count=count,
            closure=closure,
            starts_at=window.start if window else None,
            ends_at=window.end if window else None,
        )
        self._journal.write(call)
        try:
            yield call
        except Exception as error:  # noqa: BLE001 - whatever it is, it is written down
            _note(call, error)
        else:
            call.outcome = "ok" if call.outcome == "unknown" else call.outcome
        call.answered_at = clock.now()
        self._journal.write(call)
        if call.outcome == "unknown":
            sleep(_WHILE_AWAY)


def _in_time(step: Step, now: datetime) -> Q:
    """Leaves out most reservations for which it is too early or too late."""
    match step.verb:
        case "check in" | "check a group in":
            # Earlier ones mostly find their unit in use.
            return Q(starts_at__lte=now + step.length * STEP)
        case "reinstate":
            return Q(ends_at__gt=now)
        case "enter a stay":
            return Q(ends_at__lte=now)
        case "release the rest":
            return Q(no_show_at__lte=now, ends_at__gt=now)
        case _:
            return Q()


def _note(call: Call, error: Exception) -> None:
    if isinstance(error, Refusal):
        call.outcome, call.code = "refused", error.code
        call.frees_at = error.facts.get("may_free_at")
        return
    # A statement that the server cannot parse is a fault, not a lost answer.
    is_lost = isinstance(error, _LOST)
    call.outcome, call.code = "unknown" if is_lost else "fault", repr(error)[:300]
    connection.close()
