"""Walk-ins: a guest at the desk gives a name and a party, or a plate. Defaults fill the rest.

The engine places them from now on and checks them in, in one act. Who comes before the room can be
had makes a reservation here that begins later.
"""

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
from desk.context import caller_of, choose_venue, form_page, onward, own_venue, why_not_here
from desk.fields import UnitField, field_text, time_field
from desk.form_keys import once_for
from desk.reservations.alternatives import Instead, for_booking
from guests.callers import Caller
from guests.errors import ContactInvalid, GuestError
from guests.form_fields import UncutField, name_field, phone_field, text_field
from reservations import actions, clock
from reservations.errors import KeyReused, Refusal
from reservations.idempotency import Repeated
from reservations.models import Reservation
from reservations.reports import cautions
from reservations.requests import Booking, Contact
from reservations.rules import modes
from reservations.rules.guest_fields import LARGEST_PARTY, longest
from reservations.status import Status
from venues import kinds
from venues.models import Venue

REASON = "Walk-in"
"""The override reason of one who comes back later: notice and steps do not apply to it."""


class WalkInForm(forms.Form):
    """Shows two fields first, and the others on request."""

    # If the form is sent twice, it makes one reservation.
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    last_name = name_field(label=_("Last name"), required=False, help_text=_("empty for “Guest”"))
    vehicle_plate = text_field(
        label=_("Vehicle plate"), max_length=longest("vehicle_plate"), required=False
    )
    guest_count = forms.IntegerField(
        label=_("Guests"), min_value=1, max_value=LARGEST_PARTY, initial=1
    )
    first_name = name_field(label=_("First name"), required=False)
    phone = phone_field(label=_("Phone"), required=False, widget=forms.TextInput({"type": "tel"}))
    remarks = text_field(label=_("Remarks"), max_length=longest("remarks"), required=False)

    def __init__(self, *args: Any, venue: Venue, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.venue, self.now = venue, now
        self.is_parking = kinds.named(venue.kind).asks_plate
        self.start, self.end = modes.field_names(venue)
        label, usual = _("Until"), _("empty for the usual length")
        if modes.sells_nights(venue):
            label, usual = _("Departure"), _("empty for one night")
        self.fields[self.start] = time_field(venue, label=_("Starts"), required=False)
        self.fields[self.end] = time_field(venue, label=label, required=False, help_text=usual)
        units = venue.resources.filter(retired_at=None).select_related("category")
        self.fields["category"] = forms.ModelChoiceField(
            venue.categories.all(), label=_("Category"), required=False,
            empty_label=_("any that fits, the cheapest first"),
        )  # fmt: skip
        self.fields["resource"] = UnitField(
            units, label=_("Unit"), required=False, empty_label=_("the first that is free")
        )
        self.fields[self.start].widget = forms.HiddenInput()
        self.fields["override_reason"] = UncutField(
            label=_("Reason to let them in outside opening hours"), max_length=200, required=False
        )
        if not self.is_parking:
            del self.fields["vehicle_plate"]

    @property
    def fieldsets(self) -> list[tuple[str | None, dict[str, Any]]]:
        """The fields in their order, by section."""
        two = ["vehicle_plate", self.end] if self.is_parking else ["last_name", "guest_count"]
        rest = [
            name
            for name in (self.end, "resource", "category", "last_name", "first_name", "phone",
                         "guest_count", "remarks", "override_reason")
            if name not in two
        ]  # fmt: skip
        return [
            (None, {"fields": two}),
            (str(_("More, if need be")), {"fields": rest, "classes": ["collapse"]}),
        ]

    def begins_later(self) -> bool:
        """Says whether the guest cannot come in yet. Call it on a valid form only."""
        values = self.cleaned_data
        times = modes.walk_in(self.venue, values[self.start], values[self.end], self.now)
        start = modes.resolve(self.venue, times, self.now).start
        early = self.venue.policy.early_check_in if modes.sells_nights(self.venue) else timedelta()
        return start - early > self.now

    def booking(self) -> Booking:
        """Returns the booking for the engine. Call it on a valid form only."""
        values = self.cleaned_data
        unit, category = values["resource"], values["category"]
        first_name, last_name = cautions.nobody()
        return Booking(
            venue=self.venue.slug,
            times=modes.walk_in(self.venue, values[self.start], values[self.end], self.now),
            contact=Contact(
                first_name=values["first_name"] or first_name,
                last_name=values["last_name"] or last_name,
                phone=values["phone"],
                # The guest is at the desk and needs no e-mail.
                receive_email_updates=False,
                receive_phone_call=bool(values["phone"]),
            ),
            guest_count=values["guest_count"],
            category=category.code if category and not unit else None,
            resource=unit.pk if unit else None,
            vehicle_plate=values.get("vehicle_plate", ""),
            remarks=values["remarks"],
            override_reason=REASON if self.begins_later() else values["override_reason"],
            is_walk_in=True,
        )

    def refuse(self, fault: Refusal | GuestError) -> None:
        """Shows a refusal beside its field, or at the top if it has none here."""
        if isinstance(fault, ContactInvalid):
            for name, sentence in fault.errors:
                self.add_error(name if name in self.fields else None, sentence)
            return
        beside = {"party_too_large": "guest_count", "too_long": self.end, "too_short": self.end}
        self.add_error(beside.get(fault.code), phrases.refusal(fault, self.venue.zone))


@require_http_methods(["GET", "POST"])
def walk_in(request: HttpRequest) -> HttpResponse:
    """Lets the guest in on the first free unit from now, or reserves it for later."""
    by, now = caller_of(request), clock.now()
    venue = own_venue(request, by)
    if venue is None:
        return choose_venue(request, now_said("Walk-in"))
    form = WalkInForm(request.POST or None, venue=venue, now=now)
    instead = []
    elsewhere = why_not_here(request, venue, by) if request.method == "POST" else ""
    if elsewhere:
        form.add_error(None, elsewhere)
    elif request.method == "POST" and form.is_valid():
        try:
            wish = form.booking()
        except Refusal as fault:
            form.refuse(fault)
        else:
            try:
                return _let_in(request, form, wish, by)
            except (Refusal, GuestError) as fault:
                form.refuse(fault)
                instead = _shorter(form, fault)
                instead += for_booking(wish, fault, by=by, venue=venue, now=clock.now())
    return form_page(
        request,
        form,
        title=now_said("Walk-in at %(venue)s") % {"venue": venue.name},
        button=now_said("Let them in"),
        is_daily=True,
        instead=instead,
        is_elsewhere=bool(elsewhere),
    )


def _shorter(form: WalkInForm, fault: Refusal | GuestError) -> list[Instead]:
    """Returns the shorter stay that the refusal names, in a list; [] without one."""
    until = fault.facts.get("until") if isinstance(fault, Refusal) else None
    if not isinstance(until, datetime):
        return []
    told = now_said("until %(time)s") % {"time": phrases.soon(until, form.venue.zone, form.now)}
    return [Instead(told, {form.end: field_text(form.venue, until)})]


def _let_in(request: HttpRequest, form: WalkInForm, wish: Booking, by: Caller) -> HttpResponse:
    try:
        # Either is one act: a second one, such as confirming, could be refused and leave a hold.
        act = actions.hold if form.begins_later() else actions.walk_in
        row = act(booking=wish, by=by, once=once_for(request, form.venue, by))
    except Repeated as repeated:
        row = Reservation.objects.select_related("venue__policy").get(pk=int(repeated.answer.body))
    except KeyReused:
        # The clerk went back to a form that was sent, and altered it.
        return redirect("admin:walk_in")
    messages.success(request, _said(row))
    for one in cautions.of_one(row, clock.now()):
        messages.warning(request, f"{row.code}: {one.detail}")
    if "next" in request.POST:
        return onward(request, row.pk)
    return redirect("admin:today")


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
