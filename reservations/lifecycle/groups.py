"""Carries a verb out on the reservations of a group: on all of those asked for, or on none."""

import uuid
from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock
from reservations.allocation import lapses, ledger
from reservations.allocation.ledger import Span
from reservations.errors import NotFound, Refusal, WrongStatus
from reservations.lifecycle import cancellations, check_ins, check_outs, confirmations
from reservations.models import Allocation, Reservation
from reservations.rules.permissions import judge_desk
from reservations.status import Status
from reservations.transactions import Restart
from venues.models import Resource

_GONE = (Status.CANCELLED, Status.EXPIRED)
_OVER = (*_GONE, Status.NO_SHOW)

_SKIPPED: dict[Callable[..., Reservation], tuple[Status, ...]] = {
    cancellations.cancel: _GONE,
    check_outs.check_out: _OVER,
}
"""The members that a verb leaves out when nobody names members; for others, cancelled ones."""


def members(group_id: uuid.UUID, *, by: Caller) -> list[Reservation]:
    """The reservations of a group that the caller may see, in the order in which they were made.

    With venue, policy and category. Takes no lock. Raises NotFound when there are none.
    """
    rows = Reservation.objects.visible_to(by).filter(group_id=group_id)
    found = list(rows.select_related("venue__policy", "category").order_by("pk"))
    if not found:
        raise NotFound(gettext("There is no such group."))
    return found


def confirm(
    group_id: uuid.UUID,
    *,
    by: Caller,
    only: Collection[int] | None = None,
    override_reason: str = "",
) -> list[Reservation]:
    """Confirms the members that are held, or those of them named by id, all or none.

    Returns all members. Cancelled ones stay cancelled. Repeating it changes nothing. Assumes a
    transaction. Raises NotFound, Forbidden, HoldExpired, WrongStatus, PaymentRequired, OnePerDay or
    RateLimited, with the `member` that stands against it.
    """
    act = partial(confirmations.confirm, override_reason=override_reason)
    return _each(group_id, act, by=by, only=only)


def cancel(
    group_id: uuid.UUID, *, by: Caller, only: Collection[int] | None = None
) -> list[Reservation]:
    """Cancels the members, or those named by id, all or none. Returns all members.

    Repeating it changes nothing. Assumes a transaction. Raises NotFound, WrongStatus or
    RateLimited, with the `member`.
    """
    return _each(group_id, cancellations.cancel, by=by, only=only)


def check_in(
    group_id: uuid.UUID, *, by: Caller, only: Collection[int] | None = None
) -> list[Reservation]:
    """Checks the members in, or those named by id, all or none. Returns all members.

    Repeating it changes nothing. Assumes a transaction. Raises what `check_ins.check_in` raises,
    with the `member`.
    """
    _judge_desk(group_id, by=by, only=only)
    lock_places(members(group_id, by=by), clock.now())
    return _each(group_id, check_ins.check_in, by=by, only=only)


def check_out(
    group_id: uuid.UUID, *, by: Caller, only: Collection[int] | None = None
) -> list[Reservation]:
    """Checks out the members who came, or those named by id, all or none. Returns all members.

    Repeating it changes nothing. Assumes a transaction. Raises what `check_outs.check_out` raises,
    with the `member`.
    """
    _judge_desk(group_id, by=by, only=only)
    return _each(group_id, check_outs.check_out, by=by, only=only)


def lock_places(rows: Collection[Reservation], now: datetime) -> None:
    """Locks every unit that these members may need, then them and what has lapsed there.

    For a verb that gives each of them time. Units come before reservations, and each would lock its
    own after those of the one before it. Raises Restart when a member got a unit of another
    category meanwhile.
    """
    taken = Allocation.objects.filter(reservation__in=[row.pk for row in rows])
    own = set(taken.values_list("resource_id", flat=True))
    pool = Resource.objects.filter(
        category__in={row.category_id for row in rows}, retired_at__isnull=True
    )
    units = own | set(pool.values_list("pk", flat=True))
    ledger.lock_units(units)
    if not units.issuperset(taken.values_list("resource_id", flat=True)):
        raise Restart
    span = Span(
        start=min(now, *(row.starts_at for row in rows)),
        end=max(now, *(row.ends_at for row in rows)),
        now=now,
    )
    mine = {row.pk for row in rows}
    lapsed = lapses.lapsed_ids(units, span)
    locked = ledger.lock_reservations(lapsed | mine)
    lapses.release([row for row in locked if row.pk not in mine], now=now)


def _asked(group_id: uuid.UUID, *, by: Caller, only: Collection[int] | None) -> list[Reservation]:
    found = [row for row in members(group_id, by=by) if only is None or row.pk in only]
    if not found:
        raise NotFound(gettext("The group has no such reservations."))
    return found


def _judge_desk(group_id: uuid.UUID, *, by: Caller, only: Collection[int] | None) -> None:
    for row in _asked(group_id, by=by, only=only):
        judge_desk(row, by)


def _each(
    group_id: uuid.UUID,
    act: Callable[..., Reservation],
    *,
    by: Caller,
    only: Collection[int] | None,
) -> list[Reservation]:
    ids = [row.pk for row in _asked(group_id, by=by, only=only)]
    now = clock.now()
    # All at once, in order of id.
    rows = ledger.lock_reservations(ids)
    skipped = (Status.CANCELLED,) if only is not None else _SKIPPED.get(act, (Status.CANCELLED,))
    standing = [row for row in rows if row.status_at(now) not in skipped]
    if not standing and act is not cancellations.cancel:
        raise WrongStatus(_none_left(rows, now))
    for row in standing:
        try:
            act(row.pk, by=by)
        except Refusal as refusal:
            refusal.member = row
            raise
    return members(group_id, by=by)


def _none_left(rows: Collection[Reservation], now: datetime) -> str:
    if all(row.status_at(now) is Status.CANCELLED for row in rows):
        return gettext("All reservations of the group are cancelled.")
    return gettext("None of these reservations is left to do this with.")
