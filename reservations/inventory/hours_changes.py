"""Changes hours, schedules and times of stays, with the reservations that this leaves outside."""

from collections.abc import Callable, Collection
from typing import TypeVar

from django.db import transaction

from guests.callers import Caller
from reservations import clock
from reservations.allocation import ledger
from reservations.inventory import affected_reservations, decisions
from reservations.inventory.affected_reservations import Affected
from reservations.inventory.decisions import Decisions
from reservations.transactions import in_transaction
from venues.models import Opening, Policy, Resource, Venue

T = TypeVar("T")


def change(
    *,
    venues: Collection[int],
    write: Callable[[], T],
    decided: Decisions,
    reason: str,
    by: Caller,
    is_done: Callable[[T], bool] = lambda _: True,
) -> T:
    """Changes what is open at these venues (ids) by calling `write`, and returns its result.

    The reservations that lay within the hours and do not any more are kept, moved or cancelled as
    decided; `reason` is what those moved and cancelled are told. `is_done` says of the result that
    something was written. Opens its own transaction, which `write` may see begin again. Raises
    ReservationsAffected unless all of them are decided on, or why somebody cannot be moved; then
    nothing has changed.
    """

    def act() -> T:
        with transaction.atomic():
            was = _facts(venues)
            result = write()
            if not is_done(result) or _facts(venues) == was:
                return result
            transaction.set_rollback(True)
        # Once more, with nobody booking meanwhile.
        before = _outside(venues, is_locked=True)
        result = write()
        touched = _touched(venues, before)
        decisions.judge_same(touched, decided)
        kept = decisions.carry_out(touched, decided, reason=reason, by=by)
        left = [one for one in _touched(venues, before) if one.reservation.pk not in kept]
        if left:
            raise affected_reservations.refusal(left, is_changed=True)
        return result

    return in_transaction(act)


def as_changed(
    *, venues: Collection[int], write: Callable[[], object], read: Callable[[list[Affected]], T]
) -> T:
    """What `read` returns of the reservations that such a change touches, with the change made.

    Opens its own transaction, and undoes everything.
    """

    def act() -> T:
        before = _outside(venues, is_locked=True)
        write()
        found = read(_touched(venues, before))
        transaction.set_rollback(True)
        return found

    return in_transaction(act)


def _facts(venues: Collection[int]) -> list[object]:
    """All that says when these venues are open and when their stays begin and end."""
    policy = ("venue", "unit_schedules", "check_in_time", "check_out_time")
    opening = ("pk", "venue", "resource", "weekday", "date", "opens", "closes")
    return [
        *Venue.objects.filter(pk__in=venues).order_by("pk").values_list("pk", "time_zone", "mode"),
        *Policy.objects.filter(venue__in=venues).order_by("pk").values_list(*policy),
        *Opening.objects.filter(venue__in=venues).order_by("pk").values_list(*opening),
        *Resource.objects.filter(venue__in=venues).order_by("pk").values_list("pk", "time_zone"),
    ]


def _outside(venues: Collection[int], *, is_locked: bool = False) -> dict[int, Affected]:
    """Those outside the hours as they are now, by id."""
    if is_locked:
        # Whoever books, moves or closes here waits, and then finds the venue changed.
        ledger.lock_units(Resource.objects.filter(venue__in=venues).values_list("pk", flat=True))
    now = clock.now()
    return {
        one.reservation.pk: one
        for venue in Venue.objects.filter(pk__in=venues).order_by("pk")
        for one in affected_reservations.outside_hours(venue, now)
    }


def _touched(venues: Collection[int], before: dict[int, Affected]) -> list[Affected]:
    return [one for pk, one in _outside(venues).items() if pk not in before]
