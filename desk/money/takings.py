"""The page of a day's takings, where managers count a till, and the journal as a file."""

import uuid
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import capfirst
from django.utils.translation import gettext as now_said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from desk import phrases
from desk.context import caller_of, choose_venue, day_of, own_venue, page, why_not_here
from desk.form_keys import once_for
from desk.reservations import facts
from desk.reservations.amounts import minor_of
from guests import audit
from guests.addresses import address_of
from guests.callers import Caller
from payments import journal, tills
from payments.methods import Method
from payments.models import TillCount
from payments.tills import Taking
from reservations import clock
from reservations.errors import Invalid, KeyReused, Refusal
from reservations.idempotency import Repeated
from reservations.rules import permissions
from reservations.rules.permissions import Act
from venues import hours
from venues.hours import Window
from venues.models import Venue

MOST_COUNTS = 10
LONGEST = 366
"""Days of a journal."""
_DAY = timedelta(days=1)
_MOST_DIGITS = 15


class CountForm(forms.Form):
    """Asks what was counted in a till. Sent twice, it counts once."""

    use_required_attribute = False

    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    till = forms.ChoiceField(label=_("Till"))
    counted = forms.DecimalField(label=_("Counted"), min_value=Decimal(0), max_digits=_MOST_DIGITS)

    def __init__(self, *args: Any, balances: dict[str, dict[str, int]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["till"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [
            (f"{currency} {till}", f"{till} ({currency})")
            for till, sums in balances.items()
            for currency in sums
        ]

    def clean(self) -> dict[str, Any]:
        """Turns what was counted into minor units of the till's currency."""
        given: dict[str, Any] = super().clean() or {}
        if "till" in given and "counted" in given:
            given["currency"], _space, given["till"] = given["till"].partition(" ")
            try:
                given["counted"] = minor_of(given["counted"], given["currency"])
            except forms.ValidationError as fault:
                self.add_error("counted", fault)
        return given


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def takings(request: HttpRequest) -> HttpResponse:
    """Shows what each till took in a day, and what is in it now. A POST records a count."""
    by = caller_of(request)
    venue = _venue_of(request, by)
    if venue is None:
        return choose_venue(request, now_said("Which venue do you work at?"))
    form = CountForm(
        request.POST if request.method == "POST" else None, balances=tills.balances(venue.pk)
    )
    if request.method != "POST" or not form.is_valid():
        return _page(request, venue, form)
    if told := why_not_here(request, venue, by):
        form.add_error(None, told)
        return _page(request, venue, form, is_elsewhere=True)
    try:
        _count(request, venue, form, by)
    except Refusal as fault:
        name = "counted" if isinstance(fault, Invalid) else None
        form.add_error(name, phrases.refusal(fault, venue.zone))
        return _page(request, venue, form)
    return redirect("admin:takings")


@never_cache
@require_GET
def journal_file(request: HttpRequest) -> HttpResponse:
    """Sends every entry of the days `from` to `to` as CSV."""
    by = caller_of(request)
    venue = _venue_of(request, by)
    if venue is None:
        return choose_venue(request, now_said("Which venue do you work at?"))
    now = clock.now()
    first, last = (day_of(request, venue, now, name) for name in ("from", "to"))
    first, last = min(first, last), max(first, last)
    first = max(first, last - (LONGEST - 1) * _DAY)
    text = "".join(journal.text(venue.pk, _days(venue, first, last)))
    audit.note("journal.exported", by=by.name, place=address_of(request), venue=venue.slug)
    answer = HttpResponse(text, content_type="text/csv; charset=utf-8")
    name = f"journal-{venue.slug}-{first.isoformat()}-{last.isoformat()}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _venue_of(request: HttpRequest, by: Caller) -> Venue | None:
    """Returns the venue whose tills these are. Raises PermissionDenied for clerks, or Http404."""
    if not permissions.may_somewhere(by, Act.COUNT):
        raise PermissionDenied
    venue = own_venue(request, by)
    if venue is not None and not permissions.may(by, Act.COUNT, venue.pk):
        raise PermissionDenied
    return venue


def _days(venue: Venue, first: date, last: date) -> Window:
    """Returns the days as the desk works them: until `day_ends` of the morning after."""
    ends = venue.policy.day_ends
    return Window(
        hours.instant(first, ends, venue.zone), hours.instant(last + _DAY, ends, venue.zone)
    )


def _count(request: HttpRequest, venue: Venue, form: CountForm, by: Caller) -> None:
    given = form.cleaned_data
    try:
        made = tills.close(
            venue.pk,
            given["till"],
            currency=given["currency"],
            counted_minor=given["counted"],
            by=by,
            once=once_for(request, venue, by),
        )
    except (Repeated, KeyReused):
        messages.info(request, now_said("This count was recorded already."))
        return
    told = now_said("Till %(till)s is closed: %(counted)s counted. %(difference)s")
    messages.success(
        request,
        told
        % {
            "till": made.till,
            "counted": phrases.money(made.counted_minor, made.currency),
            "difference": _difference(made),
        },
    )


def _difference(count: TillCount) -> str:
    amount = phrases.money(abs(count.difference_minor), count.currency)
    if count.difference_minor > 0:
        return now_said("%(amount)s too much.") % {"amount": amount}
    if count.difference_minor < 0:
        return now_said("%(amount)s too little.") % {"amount": amount}
    return now_said("It is right.")


def _page(
    request: HttpRequest, venue: Venue, form: CountForm, *, is_elsewhere: bool = False
) -> HttpResponse:
    day = day_of(request, venue, clock.now())
    counts = tills.counts(venue.pk, most=MOST_COUNTS)
    people = facts.people_of(one.by for one in counts)
    answer = page(
        request,
        "takings",
        title=now_said("Takings of %(venue)s") % {"venue": venue.name},
        is_daily=True,
        venue=venue,
        day=day,
        rows=[_told(one) for one in tills.takings(venue.pk, _days(venue, day, day))],
        inside=[
            (till, phrases.money(amount, currency))
            for till, sums in tills.balances(venue.pk).items()
            for currency, amount in sums.items()
        ],
        counts=[
            {
                "count": one,
                "at": phrases.moment(one.at, venue.zone),
                "who": people.get(one.by) or one.by,
                "counted": phrases.money(one.counted_minor, one.currency),
                "expected": phrases.money(one.expected_minor, one.currency),
                "difference": _difference(one),
            }
            for one in counts
        ],
        form=form,
        is_elsewhere=is_elsewhere,
    )
    if is_elsewhere:
        answer.status_code = 409
    return answer


def _told(taking: Taking) -> dict[str, str]:
    def shown(amount_minor: int) -> str:
        return phrases.money(amount_minor, taking.currency)

    return {
        "till": taking.till,
        "method": capfirst(str(Method(taking.method).label)),
        "paid": shown(taking.paid_minor),
        "given_back": shown(taking.given_back_minor),
        "left": shown(taking.paid_minor - taking.given_back_minor),
    }
