"""Limits a guest to one reservation with a unit on a local day, where the policy says so."""

from collections.abc import Callable
from datetime import date, datetime

from reservations.allocation import lapses, ledger
from reservations.errors import OnePerDay, WrongStatus
from reservations.models import Reservation
from reservations.status import TO_COME, Status
from venues.models import Policy, Resource, Venue


def make_way(
    unit: Resource,
    *,
    guest_id: int | None,
    start: datetime,
    now: datetime,
    cancel: Callable[[Reservation], None],
) -> str | None:
    """Makes room for a new reservation with a locked unit. Returns the key of the guest's day.

    Where the policy replaces, calls `cancel` on the earlier reservation. Returns None where the
    policy sets no limit or the guest has no account. Raises OnePerDay where the policy refuses a
    second, or when the first has begun. Assumes a transaction and locks the earlier reservation.
    """
    policy = unit.venue.policy
    if policy.per_day == Policy.PerDay.ANY or guest_id is None:
        return None
    key = _key(unit, guest_id, start)
    for row in _others(key, now=now):
        if policy.per_day == Policy.PerDay.REFUSE:
            raise OnePerDay(reservation=str(row.pk))
        try:
            cancel(row)
        except WrongStatus:
            raise OnePerDay(reservation=str(row.pk)) from None
    return key


def spent(
    venue: Venue, guest_id: int | None, *, now: datetime, moving: int | None = None
) -> set[tuple[int, date]]:
    """The units (by id) and local dates at a venue that take no further reservation of this guest.

    A reservation that a new one would replace does not count, unless one moves here: `moving` is
    the id of the reservation that a change would move. Empty where the policy sets no limit.
    """
    per_day = venue.policy.per_day
    if per_day == Policy.PerDay.ANY or guest_id is None:
        return set()
    rows = Reservation.objects.filter(
        guest_id=guest_id, venue=venue, day_key__isnull=False, cancelled_at__isnull=True
    )
    is_strict = per_day == Policy.PerDay.REFUSE or moving is not None
    gives_way = () if is_strict else TO_COME
    return {
        _day_of(row.day_key or "")
        for row in rows.exclude(pk=moving or 0)
        if row.status_at(now) not in (Status.EXPIRED, *gives_way)
    }


def moved(
    reservation: Reservation, unit: Resource, *, start: datetime, now: datetime
) -> str | None:
    """The key of the day that a locked reservation moves to; None where no limit counts.

    Raises OnePerDay when the guest has another reservation on that day.
    """
    if reservation.day_key is None or reservation.guest_id is None:
        return None
    key = _key(unit, reservation.guest_id, start)
    others = [row for row in _others(key, now=now) if row.pk != reservation.pk]
    if others:
        raise OnePerDay(reservation=str(others[0].pk))
    return key


def _others(key: str, *, now: datetime) -> list[Reservation]:
    """The reservations with this key, locked, after recording those among them that have lapsed."""
    rows = Reservation.objects.filter(
        day_key=key, cancelled_at__isnull=True, expired_at__isnull=True
    )
    locked = ledger.lock_reservations(rows.values_list("pk", flat=True))
    lapses.release(locked, now=now)
    return [row for row in locked if not (row.expired_at or row.cancelled_at)]


def _key(unit: Resource, guest_id: int, start: datetime) -> str:
    # The local date of the unit. It is stored, so that a later change of zone moves nothing.
    return f"{unit.pk}:{guest_id}:{start.astimezone(unit.zone).date().isoformat()}"


def _day_of(key: str) -> tuple[int, date]:
    unit, _, day = key.split(":")
    return int(unit), date.fromisoformat(day)
