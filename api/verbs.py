"""The engine's verbs for HTTP: rate limits before them, alternatives after a refusal."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.http import HttpResponse

from api import documents, limits, preconditions
from api.auth import KnownRequest
from api.schemas import parse_id
from guests.callers import Caller
from reservations import actions, clock
from reservations.alternatives import find as alternatives
from reservations.alternatives.search import REFUSED_TIME, Alternative
from reservations.errors import NotFound, RateLimited, Refusal
from reservations.idempotency import Once
from reservations.models import Reservation
from reservations.records import look
from reservations.requests import Booking, Change

Show = Callable[[Alternative], dict[str, Any]]


def hold(
    *,
    booking: Booking,
    by: Caller,
    once: Once | None = None,
    show: Show = documents.alternative,
) -> Reservation:
    """Holds as `actions.hold` does. A refusal of the time carries up to three alternatives.

    `show` makes the document of an alternative, in the field names of the operation.
    """

    def find(refusal: Refusal) -> Iterator[dict[str, Any]]:
        return map(show, alternatives.for_booking(booking, refusal, by=by, now=clock.now()))

    with _offering(find):
        return actions.hold(booking=booking, by=by, once=once)


def walk_in(*, booking: Booking, by: Caller, once: Once | None = None) -> Reservation:
    """Lets in as `actions.walk_in` does. A refusal of the time carries up to three alternatives."""

    def find(refusal: Refusal) -> Iterator[dict[str, Any]]:
        found = alternatives.for_booking(booking, refusal, by=by, now=clock.now())
        return map(documents.alternative, found)

    with _offering(find):
        return actions.walk_in(booking=booking, by=by, once=once)


def hold_group(
    *, bookings: Sequence[Booking], by: Caller, once: Once | None = None
) -> list[Reservation]:
    """Holds as `actions.hold_group` does. Each alternative in a refusal is for the whole group."""

    def find(refusal: Refusal) -> Iterator[dict[str, Any]]:
        return map(documents.arrangement, alternatives.for_group(bookings, by=by, now=clock.now()))

    with _offering(find):
        return actions.hold_group(bookings=bookings, by=by, once=once)


def modify(*, reservation_id: int, change: Change, by: Caller) -> Reservation:
    """Modifies as `actions.modify` does. Each alternative in a refusal is another
    possible change.
    """

    def find(refusal: Refusal) -> Iterator[dict[str, Any]]:
        seen = look(reservation_id, by=by)
        found = alternatives.for_change(seen, change, by=by, now=clock.now())
        return map(documents.alternative, found)

    with _offering(find):
        return actions.modify(reservation_id=reservation_id, change=change, by=by)


@contextmanager
def _offering(find: Callable[[Refusal], Iterator[dict[str, Any]]]) -> Iterator[None]:
    try:
        yield
    except REFUSED_TIME as refusal:
        refusal.facts["alternatives"] = list(find(refusal))
        raise


def carry_out(
    request: KnownRequest,
    reservation_id: str,
    act: Callable[..., Reservation],
    *,
    fact: str | tuple[str, ...],
    show: Callable[[Reservation], HttpResponse],
    kind: str | None = None,
) -> HttpResponse:
    """Carries out a verb on a reservation and returns its document with RateLimit headers.

    `fact` is the field that the verb sets, or those of which it sets one: if it is set already, the
    request is a repeat and has no limit. Raises NotFound if the caller may not see the reservation
    or its venue is not of this `kind`, ChangedMeanwhile
    and RateLimited.
    """
    key, by = parse_id(reservation_id), request.auth
    seen = look(key, by=by)
    if kind not in (None, seen.venue.kind):
        raise NotFound
    is_repeat = _is_set(seen, fact)
    if not is_repeat:
        try:
            limits.state_gate(request, seen, by=by)
        except RateLimited:
            # Perhaps by this very verb, a moment ago: then this is a repeat.
            if not _is_set(look(key, by=by), fact):
                raise
    with preconditions.judged(request, seen, is_repeat=is_repeat):
        row = act(reservation_id=key, by=by)
    if row.version != seen.version:
        limits.count_state_change(request, row, by=by)
    response = show(row)
    limits.tell(response, row, by=by)
    return response


def _is_set(row: Reservation, fact: str | tuple[str, ...]) -> bool:
    names = (fact,) if isinstance(fact, str) else fact
    return any(getattr(row, name) for name in names)
