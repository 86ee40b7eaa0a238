"""Confirms holds that expired before their payment arrived, where their time is still free."""

from collections.abc import Sequence
from datetime import datetime

from guests.callers import Caller
from reservations import clock
from reservations.corrections import regained_time, reinstatements
from reservations.lifecycle import confirmations, groups
from reservations.models import Reservation
from reservations.status import Status


def confirm(reservation_ids: Sequence[int], *, reason: str, by: Caller) -> list[Reservation]:
    """Brings back those that expired, and confirms all of them, each at its price. All or none.

    Assumes a transaction, which a refusal rolls back. Returns them in order of id. Raises what
    `reinstate` and `confirm` raise.
    """
    found = Reservation.objects.filter(pk__in=reservation_ids).select_related("venue__policy")
    rows, now = list(found.order_by("pk")), clock.now()
    if len(rows) > 1:
        groups.lock_places(rows, now)
    for row in sorted(rows, key=_turn):
        if _has_expired(row, now):
            reinstatements.reinstate(row.pk, reason=reason, by=by)
    return [confirmations.confirm(row.pk, by=by) for row in rows]


def _turn(row: Reservation) -> tuple[bool, int]:
    """Who was promised a unit comes first: another member may take any of the category."""
    return not any(one.is_locked for one in regained_time.last_rows(row)), row.pk


def _has_expired(row: Reservation, now: datetime) -> bool:
    return row.status_at(now) is Status.EXPIRED
