"""The page that finds a reservation by code and phone number. It never says which one was wrong."""

from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from guests import audit, phones, rate_counters
from guests.addresses import address_of
from guests.errors import ContactInvalid
from guests.rates import Allowance
from reservations.models import Reservation
from web import visitors
from web.forms import FindForm


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """Asks for code and phone number and remembers the proof. 429 after too many failures."""
    if request.method != "POST":
        return _page(request, FindForm())
    form = FindForm(request.POST)
    row, allowance = prove(request, form)
    if row is None:
        status = 422 if allowance is None else 429
        answer = _page(request, form, status=status)
        if allowance is not None:
            answer["Retry-After"] = str(allowance.retry_after)
        return answer
    visitors.remember(request, row.pk)
    return redirect("web:reservation", code=row.code)


def prove(request: HttpRequest, form: FindForm) -> tuple[Reservation | None, Allowance | None]:
    """Returns the reservation whose code and phone number a form has.

    None with an error added to the form otherwise, and with what is left of the rate if the
    visitor has to wait. Failures count by network and by code.
    """
    if not form.is_valid():
        return None, None
    code = form.cleaned_data["code"]
    # Only failures count, by network and by code. A guest who knows both never waits.
    counts = [
        rate_counters.name("find", "place", address_of(request)),
        rate_counters.name("find", "code", code),
    ]
    if (spent := _spent(counts)) is not None:
        return None, _wait(request, form, spent)
    row = _proven(code, form.cleaned_data["phone"])
    if row is None:
        told = [rate_counters.count(who, settings.FIND_FAILURE_RATE) for who in counts]
        # When many try at one moment, answer no more of them than the rate allows.
        if over := next((left for left in told if left.is_overdrawn), None):
            return None, _wait(request, form, over)
        form.add_error(None, _("No reservation has this code and this phone number. Check both."))
        return None, None
    if (spent := _spent(counts)) is not None:
        # Others used up the rate during this look-up. Right or wrong, do not tell.
        return None, _wait(request, form, spent)
    return row, None


def _proven(code: str, phone: str) -> Reservation | None:
    row = Reservation.objects.select_related("venue").filter(code=code).first()
    region = row.venue.phone_region if row else settings.DEFAULT_PHONE_REGION
    try:
        given = phones.parse(phone, region)
    except ContactInvalid:
        return None
    return row if row and row.phone and constant_time_compare(row.phone, given) else None


def _spent(counts: Sequence[str]) -> Allowance | None:
    """The first counter that has nothing left. None if all have."""
    found = (rate_counters.read(who, settings.FIND_FAILURE_RATE) for who in counts)
    return next((left for left in found if not left.left), None)


def _wait(request: HttpRequest, form: FindForm, spent: Allowance) -> Allowance:
    audit.note("limit.reached", by="nobody", place=address_of(request), why="codes")
    told = _("Too many attempts failed. Try again in %(seconds)s seconds.")
    form.add_error(None, told % {"seconds": spent.retry_after})
    return spent


def _page(request: HttpRequest, form: FindForm, *, status: int = 200) -> HttpResponse:
    return render(request, "web/find.html", {"form": form}, status=status)
