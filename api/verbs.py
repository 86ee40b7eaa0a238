"""How an operation carries out a verb that changes a reservation's state, within the limits."""

from collections.abc import Callable

from django.http import HttpResponse

from api import limits
from api.auth import KnownRequest
from api.schemas import parse_id
from reservations.errors import NotFound
from reservations.finding import look
from reservations.models import Reservation
from venues.models import Venue


def carry_out(
    request: KnownRequest,
    reservation_id: str,
    act: Callable[..., Reservation],
    *,
    fact: str,
    show: Callable[[Reservation], HttpResponse],
    kind: Venue.Kind | None = None,
) -> HttpResponse:
    """Do the verb once; `fact` is what it records, so that a repeat is known and never limited.

    With a `kind`, reservations of venues of other kinds are not there.
    """
    key, by = parse_id(reservation_id), request.auth
    seen = look(key, by=by)
    if kind not in (None, seen.venue.kind):
        raise NotFound
    if not getattr(seen, fact):
        limits.state_gate(request, seen, by=by)
    row = act(reservation_id=key, by=by)
    if row.version != seen.version:
        limits.count_state_change(request, row, by=by)
    response = show(row)
    limits.tell(response, row, by=by)
    return response
