"""The page after a check-in whose unit is not free yet: who is there, and what can be done."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from desk import phrases
from desk.context import page
from guests.own_pages import next_of
from reservations import clock
from reservations.allocation import presence
from reservations.errors import Occupied
from reservations.models import Reservation


def offer(request: HttpRequest, row: Reservation, fault: Occupied) -> HttpResponse:
    """Offers to check the other guest out, to choose another unit, or to give it anyway.

    The answer has the status 409: nothing was changed.
    """
    unit = fault.facts["unit"]
    occupant = presence.occupied_by(int(unit["id"]), clock.now(), but=row.pk)
    there = occupant and Reservation.objects.filter(pk=occupant.reservation).first()
    answer = page(
        request,
        "occupied",
        title=_("%(unit)s is not free yet") % {"unit": unit["name"]},
        row=row,
        there=there,
        unit=unit["name"],
        since=phrases.short(fault.facts["since"], row.venue.zone),
        next_page=next_of(request),
        viewed=[row, there],
    )
    answer.status_code = 409
    return answer
