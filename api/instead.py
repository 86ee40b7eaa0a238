"""The verbs that take time, as callers meet them: a refusal of it tells what could be had instead.

Looked for once the refused transaction has ended, so that no lock waits for it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from api import presenting
from guests.callers import Caller
from reservations import actions, alternatives, clock, rearranging, together
from reservations.alternatives import REFUSED_TIME, Alternative
from reservations.finding import look
from reservations.idempotency import Once
from reservations.models import Reservation
from reservations.requests import Booking, Change

Show = Callable[[Alternative], dict[str, Any]]


def hold(
    *,
    booking: Booking,
    by: Caller,
    once: Once | None = None,
    show: Show = presenting.alternative,
) -> Reservation:
    """`actions.hold`; `show` words an alternative as the caller's trade does."""
    with _offering(lambda: map(show, alternatives.for_booking(booking, by=by, now=clock.now()))):
        return actions.hold(booking=booking, by=by, once=once)


def hold_group(
    *, bookings: Sequence[Booking], by: Caller, once: Once | None = None
) -> list[Reservation]:
    """`actions.hold_group`; an alternative is one for the whole group."""
    with _offering(
        lambda: map(presenting.arrangement, together.for_group(bookings, now=clock.now()))
    ):
        return actions.hold_group(bookings=bookings, by=by, once=once)


def modify(*, reservation_id: int, change: Change, by: Caller) -> Reservation:
    """`actions.modify`; an alternative is another change that could be asked for."""

    def find() -> Iterator[dict[str, Any]]:
        seen = look(reservation_id, by=by)
        found = rearranging.for_change(seen, change, now=clock.now())
        return map(presenting.alternative, found)

    with _offering(find):
        return actions.modify(reservation_id=reservation_id, change=change, by=by)


@contextmanager
def _offering(find: Callable[[], Iterator[dict[str, Any]]]) -> Iterator[None]:
    try:
        yield
    except REFUSED_TIME as refusal:
        refusal.facts["alternatives"] = list(find())
        raise
