"""Judges a selection before its form is shown: can it be had, and does this visitor hold it?"""

from datetime import datetime

from guests.callers import Caller
from reservations.alternatives import search
from reservations.alternatives.search import RefusedWish
from reservations.availability import offers
from reservations.errors import Refusal, Taken
from reservations.models import Reservation
from reservations.status import Status
from web import selection
from web.selection import Pick


def refusal_of(pick: Pick, *, now: datetime) -> Refusal | None:
    """Returns why nobody can book this now, None where it can be had. Takes no locks."""
    code = pick.category.code
    try:
        found = offers.of_range(pick.venue, pick.times, party=pick.guests, category=code, now=now)
    except Refusal as refusal:
        return refusal
    if found.refusal is not None:
        return found.refusal
    offer = next((one for one in found.offers if one.category.pk == pick.category.pk), None)
    if offer is None:
        return Taken()
    if pick.unit is None:
        return None if offer.count else Taken()
    free = [*offer.units, *(one.unit for one in offer.named)]
    return None if any(unit.pk == pick.unit.pk for unit in free) else Taken()


def instead_of(pick: Pick, refusal: Refusal, *, now: datetime) -> list[Pick]:
    """Returns up to three selections that could be booked at this moment, nearest first."""
    if not isinstance(refusal, search.REFUSED_TIME):
        return []
    wish = RefusedWish(
        venue=pick.venue,
        window=pick.window,
        party=pick.guests,
        category=pick.category.code,
        resource=pick.unit.pk if pick.unit else None,
        now=now,
    )
    return selection.of_alternatives(pick.venue, search.Search(wish).run(), guests=pick.guests)


def held_already(pick: Pick, *, by: Caller, now: datetime) -> Reservation | None:
    """Returns the visitor's own hold or booking of the same range and category, the newest."""
    rows = Reservation.objects.visible_to(by).filter(
        venue=pick.venue,
        category=pick.category,
        starts_at=pick.window.start,
        ends_at=pick.window.end,
    )
    return rows.in_one_of((Status.HELD, Status.UPCOMING), at=now).order_by("-pk").first()
