"""The page after a confirming or check-in of what must be paid first: what can be done."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from desk import phrases
from desk.context import page
from guests.own_pages import next_of
from reservations import clock
from reservations.models import Reservation
from reservations.pricing import due_now


def offer(request: HttpRequest, row: Reservation, *, verb: str) -> HttpResponse:
    """Offers to record a payment, or to do it anyway with a reason.

    `verb` is `confirm` or `check_in`. The answer has the status 409: nothing was changed.
    """
    asked = due_now.minor(row, clock.now())
    answer = page(
        request,
        "unpaid",
        title=_("%(code)s is not paid yet") % {"code": row.code},
        row=row,
        asked=phrases.money(asked, row.currency) if asked else "",
        address=f"admin:reservations_reservation_{verb}",
        next_page=next_of(request),
        viewed=[row],
    )
    answer.status_code = 409
    return answer
