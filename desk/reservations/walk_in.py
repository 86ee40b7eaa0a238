"""A guest who stands at the desk: a name and a party, or a plate; all else is as usual."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as now_said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from desk import phrases
from desk.context import caller_of, choose_venue, form_page, onward, own_venue
from desk.fields import DayField, LocalTimeField, UnitField
from desk.form_keys import once_for
from desk.reservations.alternatives import for_booking
from guests.callers import Caller
from guests.errors import ContactInvalid, GuestError
from reservations import actions, clock
from reservations.errors import KeyReused, Refusal
from reservations.idempotency import Repeated
from reservations.lifecycle import check_ins
from reservations.models import Reservation
from reservations.requests import Booking, Contact, Times
from reservations.rules import modes
from reservations.status import Status
from venues import kinds
from venues.hours import DAY
from venues.models import Venue

REASON = "Walk-in"
"""Why the policy is set aside: notice and steps are of those who reserve."""

SMALL_HOURS = timedelta(hours=5)
"""Until then a guest who walks in wants the night that runs, not the next one."""


class WalkInForm(forms.Form):
    """Two fields that matter, and more for whoever wants them."""

    # Sent twice, by an impatient hand or a lost answer, it makes one reservation.
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    last_name = forms.CharField(
        label=_("Last name"), max_length=15, required=False, help_text=_("empty for “Guest”")
    )
    vehicle_plate = forms.CharField(label=_("Vehicle plate"), max_length=16, required=False)
    guest_count = forms.IntegerField(label=_("Guests"), min_value=1, max_value=32_767, initial=1)
    first_name = forms.CharField(label=_("First name"), max_length=15, required=False)
    phone = forms.CharField(
        label=_("Phone"), max_length=40, required=False, widget=forms.TextInput({"type": "tel"})
    )
    remarks = forms.CharField(label=_("Remarks"), max_length=500, required=False)

    def __init__(self, *args: Any, venue: Venue, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.venue, self.now = venue, now
        self.is_nights = venue.mode == Venue.Mode.NIGHT
        self.is_parking = kinds.named(venue.kind).asks_plate
        self.start, self.end = (
            ("check_in", "check_out") if self.is_nights else ("starts_at", "ends_at")
        )
        self.fields[self.start] = self._time(_("Starts"), _("empty for now"))
        self.fields[self.end] = self._time(
            _("Departure") if self.is_nights else _("Until"), self._usual()
        )
        units = venue.resources.filter(retired_at=None).select_related("category")
        self.fields["category"] = forms.ModelChoiceField(
            venue.categories.all(), label=_("Category"), required=False,
            empty_label=_("any that fits, the cheapest first"),
        )  # fmt: skip
        self.fields["resource"] = UnitField(
            units, label=_("Unit"), required=False, empty_label=_("the first that is free")
        )
        self.fields[self.start].widget = forms.HiddenInput()
        if not self.is_parking:
            del self.fields["vehicle_plate"]

    @property
    def fieldsets(self) -> list[tuple[str | None, dict[str, Any]]]:
        two = ["vehicle_plate", self.end] if self.is_parking else ["last_name", "guest_count"]
        rest = [
            name
            for name in (self.end, "resource", "category", "last_name", "first_name", "phone",
                         "guest_count", "remarks")
            if name not in two
        ]  # fmt: skip
        return [
            (None, {"fields": two}),
            (str(_("More, if need be")), {"fields": rest, "classes": ["collapse"]}),
        ]

    def booking(self) -> Booking:
        """What the engine is asked for."""
        values = self.cleaned_data
        unit, category = values["resource"], values["category"]
        return Booking(
            venue=self.venue.slug,
            times=self._times(values[self.start], values[self.end]),
            contact=Contact(
                first_name=values["first_name"] or str(_("Walk-in")),
                last_name=values["last_name"] or str(_("Guest")),
                phone=values["phone"],
                # Nobody is told of what they were told to their face.
                receive_email_updates=False,
                receive_phone_call=bool(values["phone"]),
            ),
            guest_count=values["guest_count"],
            category=category.code if category and not unit else None,
            resource=unit.pk if unit else None,
            vehicle_plate=values.get("vehicle_plate", ""),
            remarks=values["remarks"],
            override_reason=REASON,
            is_walk_in=True,
        )

    def refuse(self, fault: Refusal | GuestError) -> None:
        """Tell a refusal beside the field that it is about."""
        if isinstance(fault, ContactInvalid):
            for name, sentence in fault.errors:
                self.add_error(name if name in self.fields else None, sentence)
            return
        beside = {"party_too_large": "guest_count", "too_long": self.end, "too_short": self.end}
        self.add_error(beside.get(fault.code), phrases.refusal(fault, self.venue.zone))

    def _times(self, start: Any, end: Any) -> Times:
        if self.is_nights:
            local = self.now.astimezone(self.venue.zone)
            check_in = start or (local - SMALL_HOURS).date()
            return Times(check_in=check_in, check_out=end or check_in + DAY)
        begin = start or self.now
        return Times(starts_at=begin, ends_at=end or self._slot_end(begin))

    def _slot_end(self, begin: datetime) -> datetime | None:
        """Of a venue that sells slots, the end of the one that runs; None for the usual length."""
        if self.venue.mode != Venue.Mode.SLOT:
            return None
        day = begin.astimezone(self.venue.zone).date()
        ranges = modes.sold_ranges(self.venue, None, day, day)
        return next((one.end for one in ranges if one.start <= begin < one.end), None)

    def _usual(self) -> Any:
        if self.is_nights:
            return _("empty for one night")
        return _("empty for the usual length")

    def _time(self, label: Any, help_text: Any) -> forms.Field:
        if self.is_nights:
            return DayField(label=label, required=False, help_text=help_text)
        return LocalTimeField(
            zone=self.venue.zone, label=label, required=False, help_text=help_text
        )


@require_http_methods(["GET", "POST"])
def walk_in(request: HttpRequest) -> HttpResponse:
    """Take the first unit that is free, from now, and let the guest in."""
    by, now = caller_of(request), clock.now()
    venue = own_venue(request, by)
    if venue is None:
        return choose_venue(request, now_said("Walk-in"))
    form = WalkInForm(request.POST or None, venue=venue, now=now)
    instead = []
    if request.method == "POST" and form.is_valid():
        wish = form.booking()
        try:
            return _let_in(request, form, wish, by)
        except (Refusal, GuestError) as fault:
            form.refuse(fault)
            instead = for_booking(wish, fault, by=by, venue=venue, now=clock.now())
    return form_page(
        request,
        form,
        title=now_said("Walk-in at %(venue)s") % {"venue": venue.name},
        button=now_said("Let them in"),
        is_daily=True,
        instead=instead,
    )


def _let_in(request: HttpRequest, form: WalkInForm, wish: Booking, by: Caller) -> HttpResponse:
    try:
        row = actions.hold(booking=wish, by=by, once=once_for(request, form.venue, by))
    except Repeated as repeated:
        row = Reservation.objects.select_related("venue__policy").get(pk=int(repeated.answer.body))
    except KeyReused:
        # Somebody came back to a form that was sent, and altered it.
        return redirect("admin:walk_in")
    row = _arrive(row, by)
    messages.success(request, _said(row))
    if "next" in request.POST:
        return onward(request, row.pk)
    return redirect("admin:today")


def _arrive(row: Reservation, by: Caller) -> Reservation:
    """Checked in where they may be by now, else confirmed."""
    now = clock.now()
    if row.status_at(now) is Status.PRESENT:
        return row
    if now >= check_ins.opens_at(row):
        return actions.check_in(reservation_id=row.pk, by=by)
    return actions.confirm(reservation_id=row.pk, by=by)


def _said(row: Reservation) -> str:
    zone = row.venue.zone
    units = ", ".join(row.allocations.filter(is_live=True).values_list("resource__name", flat=True))
    facts = {
        "code": row.code,
        "name": f"{row.first_name} {row.last_name}",
        "unit": units,
        "until": phrases.short(row.ends_at, zone),
        "from": phrases.short(row.starts_at, zone),
        "price": phrases.money(row.price_minor, row.currency),
    }
    if row.status_at(clock.now()) is Status.PRESENT:
        told = now_said("%(name)s is here, on %(unit)s until %(until)s; %(price)s. (%(code)s)")
    else:
        told = now_said("%(name)s has %(unit)s from %(from)s; %(price)s. (%(code)s)")
    return told % facts
