"""The visitor of the guests' pages: a guest, by log-in and by proven reservations."""

from datetime import timedelta

from django.http import HttpRequest

from guests.addresses import origin_of
from guests.callers import Caller
from guests.models import User
from reservations import clock
from reservations.errors import NotFound
from reservations.models import Reservation
from spelling import search_text

PROVEN_FOR = timedelta(hours=24)
"""How long a browser may open a reservation that it made or proved."""
MOST = 50
"""Reservations that a session remembers."""
_KEY = "reservations"


def visitor(request: HttpRequest) -> Caller:
    """Returns the visitor as a guest. Staff are guests here too: they have the desk."""
    user = known(request)
    return Caller(
        kind="guest",
        name=f"user:{user.pk}" if user else "guest",
        user_id=user.pk if user else None,
        proven=frozenset(int(key) for key in _proven(request)),
        origin=origin_of(request),
    )


def known(request: HttpRequest) -> User | None:
    """Returns the person who is logged in, or None."""
    return request.user if isinstance(request.user, User) else None


def remember(request: HttpRequest, reservation_id: int) -> None:
    """Lets this browser open a reservation for PROVEN_FOR."""
    proven = _proven(request) | {str(reservation_id): clock.now().timestamp()}
    # A new session key: a session that an attacker planted gets nothing.
    request.session.cycle_key()
    newest = sorted(proven.items(), key=lambda entry: entry[1])[-MOST:]
    request.session[_KEY] = dict(newest)


def find(request: HttpRequest, code: str) -> Reservation:
    """Returns the visitor's reservation with this code. Raises NotFound."""
    rows = Reservation.objects.visible_to(visitor(request)).select_related("category")
    found = rows.select_related("venue__policy").filter(code=search_text.code(code)).first()
    if found is None:
        raise NotFound("There is no such reservation.")
    return found


def _proven(request: HttpRequest) -> dict[str, float]:
    since = (clock.now() - PROVEN_FOR).timestamp()
    kept: dict[str, float] = request.session.get(_KEY, {})
    return {key: at for key, at in kept.items() if at > since}
