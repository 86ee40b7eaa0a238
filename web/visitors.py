"""Who asks on the pages: always a guest, known by their log-in and by what they have proven."""

from datetime import timedelta

from django.http import HttpRequest

from guests.addresses import origin_of
from guests.callers import Caller
from guests.models import User
from reservations import clock
from reservations.errors import NotFound
from reservations.models import Reservation

PROVEN_FOR = timedelta(hours=24)
"""How long a browser is believed after it made a reservation, or gave its code and phone."""
MOST = 50
_KEY = "reservations"


def visitor(request: HttpRequest) -> Caller:
    """Staff are guests here too: what they do for a venue has pages of its own."""
    user = known(request)
    return Caller(
        kind="guest",
        name=f"user:{user.pk}" if user else "guest",
        user_id=user.pk if user else None,
        proven=frozenset(int(key) for key in _proven(request)),
        origin=origin_of(request),
    )


def known(request: HttpRequest) -> User | None:
    """The person who is logged in."""
    return request.user if isinstance(request.user, User) else None


def remember(request: HttpRequest, reservation_id: int) -> None:
    """Let this browser go on with a reservation."""
    proven = _proven(request) | {str(reservation_id): clock.now().timestamp()}
    # A session that somebody else put here beforehand proves nothing to them.
    request.session.cycle_key()
    newest = sorted(proven.items(), key=lambda entry: entry[1])[-MOST:]
    request.session[_KEY] = dict(newest)


def find(request: HttpRequest, code: str) -> Reservation:
    """The visitor's reservation of that code. Raises NotFound."""
    rows = Reservation.objects.visible_to(visitor(request)).select_related("category")
    found = rows.select_related("venue__policy").filter(code=code.upper()).first()
    if found is None:
        raise NotFound("There is no such reservation.")
    return found


def _proven(request: HttpRequest) -> dict[str, float]:
    since = (clock.now() - PROVEN_FOR).timestamp()
    kept: dict[str, float] = request.session.get(_KEY, {})
    return {key: at for key, at in kept.items() if at > since}
