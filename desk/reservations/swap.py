"""The page that swaps the units of two stays."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as now_said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from desk import phrases
from desk.context import caller_of, form_page, mine, onward, turned_away
from guests.form_fields import UncutField
from reservations import actions, clock
from reservations.errors import Refusal
from reservations.lifecycle import modifications
from reservations.models import Allocation, Reservation
from reservations.status import Status

MOST_OTHERS = 200
"""Stays in the list to swap with."""


class SwapForm(forms.Form):
    """Asks with which stay of the same time the reservation changes units, and why."""

    other = forms.ChoiceField(label=_("Swap with"))
    reason = UncutField(label=_("Reason"), max_length=200)

    def __init__(self, *args: Any, reservation: Reservation, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.venue = reservation.venue
        choice = self.fields["other"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [
            (row.reservation_id, self._label(row)) for row in others(reservation, now)
        ]

    @property
    def fieldsets(self) -> list[tuple[str | None, dict[str, Any]]]:
        """The fields in their order."""
        return [(None, {"fields": ["other", "reason"]})]

    def _label(self, row: Allocation) -> str:
        stay = row.reservation
        assert stay is not None
        span = phrases.span(stay.starts_at, stay.ends_at, self.venue.zone)
        return f"{row.resource.name} · {stay.first_name} {stay.last_name} · {span}"


def others(reservation: Reservation, now: datetime) -> list[Allocation]:
    """The allocations of stays that overlap the rest of the reservation's time, by unit."""
    start = max(reservation.starts_at, now)
    rows = Allocation.objects.overlapping(start, reservation.ends_at, venues=[reservation.venue_id])
    rows = rows.filter(is_live=True, reservation__isnull=False).exclude(reservation=reservation)
    rows = rows.select_related("resource", "reservation").order_by("resource__rank", "starts_at")
    seen = (Status.HELD, Status.UPCOMING, Status.PRESENT)
    found = [row for row in rows if row.reservation and row.reservation.status_at(now) in seen]
    return found[:MOST_OTHERS]


@require_http_methods(["GET", "POST"])
def swap(request: HttpRequest, reservation_id: int) -> HttpResponse:
    """Asks for the other stay and the reason, then swaps the units in one act."""
    by, now = caller_of(request), clock.now()
    row = mine(reservation_id, by)
    if not modifications.may(row, now):
        refused = now_said("%(code)s is %(status)s: it cannot be changed. (wrong_status)")
        return turned_away(request, row, refused, now)
    form = SwapForm(request.POST or None, reservation=row, now=now)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        pair = [reservation_id, int(values["other"])]
        try:
            _one, other = actions.swap(
                venue=row.venue.slug, reservations=pair, reason=values["reason"], by=by
            )
        except Refusal as fault:
            form.add_error(None, phrases.refusal(fault, row.venue.zone))
        else:
            told = now_said("%(code)s and %(other)s have changed units.")
            messages.success(request, told % {"code": row.code, "other": other.code})
            return onward(request, reservation_id)
    return form_page(
        request,
        form,
        title=now_said("Swap the unit of reservation %(code)s") % {"code": row.code},
        button=now_said("Swap units"),
        row=row,
    )
