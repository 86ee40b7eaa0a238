"""The page that changes a reservation: first a review with the new price, then the change."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from guests.errors import ContactInvalid
from reservations import actions, clock, records
from reservations.alternatives import find, search
from reservations.errors import ChangedMeanwhile, Invalid, Refusal
from reservations.lifecycle import changes, drafts, late_changes, modifications
from reservations.models import Reservation
from reservations.pricing.changed_prices import reprice
from reservations.pricing.charges import Party
from reservations.requests import Change, Times
from reservations.rules import languages, modes, parties
from reservations.rules.guest_fields import DETAILS
from reservations.status import Status
from venues import catalogue
from venues.hours import Window
from web import refusals, selection, visitors
from web.forms import ContactForm, shown
from web.reservations.views import own
from web.selection import DayField, GuestsField, Pick


class ChangeForm(ContactForm):
    """The form of a change. Dates for nights, local dates and times for the rest."""

    check_in = DayField(label=gettext_lazy("Arrive"))
    check_out = DayField(label=gettext_lazy("Leave"))
    day = DayField(label=gettext_lazy("Date"))
    from_time = forms.TimeField(
        label=gettext_lazy("Starts"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    until_day = DayField(label=gettext_lazy("Ends on"))
    until_time = forms.TimeField(
        label=gettext_lazy("Ends"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    guests = GuestsField(label=gettext_lazy("Guests"))
    language = forms.ChoiceField(
        label=gettext_lazy("Language of letters"), required=False, choices=settings.LANGUAGES
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, row: Reservation, **options: Any) -> None:
        super().__init__(*args, venue=row.venue, initial=_as_it_is(row), **options)
        self.row = row
        nights, times = ("check_in", "check_out"), ("day", "from_time", "until_day", "until_time")
        for name in times if modes.sells_nights(row.venue) else nights:
            del self.fields[name]
        self.order_fields([*nights, *times, "guests"])

    def windows(self) -> list[Window]:
        """Returns the requested ranges: several if an hour happens twice, [] if clocks skip it.

        Raises Refusal for nights that the venue does not sell.
        """
        given, row = self.cleaned_data, self.row
        if modes.sells_nights(row.venue):
            times = Times(check_in=given["check_in"], check_out=given["check_out"])
            return [modes.resolve(row.venue, times)]
        starts = self._instants("from_time", given["day"], row.starts_at)
        if {"until_day", "until_time"}.isdisjoint(self.changed_data) and starts != [row.starts_at]:
            # If only the start changed, keep the length.
            length = row.ends_at - row.starts_at
            return [Window(start, start + length) for start in starts]
        ends = self._instants("until_time", given["until_day"], row.ends_at)
        return [Window(start, end) for start in starts for end in ends if start < end]

    def _instants(self, name: str, day: Any, now_at: datetime) -> list[datetime]:
        found = shown(self, name, day, self.cleaned_data[name], self.row.venue)
        # An untouched time keeps its instant. The form shows no seconds.
        kept = [one for one in found if one == now_at.replace(second=0, microsecond=0)]
        return [now_at] if kept and {name, _DAYS[name]}.isdisjoint(self.changed_data) else found

    @property
    def details(self) -> dict[str, str | bool]:
        """The contact and extras that the guest changed."""
        given = (name for name in DETAILS if name in self.fields)
        return {name: self.cleaned_data[name] for name in given if name in self.changed_data}

    @property
    def chosen_language(self) -> str | None:
        """The language of letters that the guest chose; None where it stays."""
        return self.cleaned_data["language"] or None if "language" in self.changed_data else None


_DAYS = {"from_time": "day", "until_time": "until_day"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wished:
    """A change to review: its range, party, price and fee."""

    pick: Pick
    is_other_time: bool
    fee_minor: int = 0
    """What the change costs because cancelling is no longer free, in minor units."""
    due_now_minor: int = 0
    """What is to be paid now once it is changed."""
    asks_card: bool = False
    """True where the change asks for a stored card that was not asked for."""


@own
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, row: Reservation) -> HttpResponse:
    """Shows the form, then the review, then carries out the change."""
    if not modifications.may(row, clock.now()):
        messages.info(request, _("This reservation can no longer be changed."))
        return redirect("web:reservation", code=row.code)
    if request.method != "POST":
        return _page(request, row, ChangeForm(row=row))
    form = ChangeForm(request.POST, row=row)
    if not form.is_valid():
        return _page(request, row, form, status=422)
    try:
        wishes = _wishes(request, row, form)
    except Refusal as refusal:
        form.add_error(None, refusals.told(refusal, row.venue))
        wishes = []
    if not wishes and not form.errors:
        form.add_error(None, _("Give an end that is after the start."))
    if form.errors:
        return _page(request, row, form, status=422)
    # Other ages of the children may change the price alone.
    takes_time = "guests" in form.changed_data or any(
        one.is_other_time or one.pick.price_minor != row.price_minor for one in wishes
    )
    if takes_time and not late_changes.may(row, clock.now()):
        form.add_error(None, _("Time and party can no longer be changed here. Ask the place."))
        return _page(request, row, form, status=409)
    if len(wishes) > 1 or (takes_time and "save" not in request.POST):
        return _page(request, row, form, wishes=wishes)
    return _save(request, row, form, wishes[0])


def _wishes(request: HttpRequest, row: Reservation, form: ChangeForm) -> list[Wished]:
    """The requested changes, from the fields or from the button of a range."""
    chosen = request.POST.get("save") or request.POST.get("instead")
    guests, party = form.cleaned_data["guests"], parties.of(row)
    if "children" in form.changed_data:
        party = replace(party, ages=tuple(form.cleaned_data["children"] or ()))
    party = replace(party, guests=guests)
    if chosen and chosen != "yes":
        pick = selection.read(records.load_venue(row.venue_id), QueryDict(chosen), now=clock.now())
        return [_wished(row, pick.window, party, pick)]
    return [_wished(row, window, party, None) for window in form.windows()]


def _wished(row: Reservation, window: Window, party: Party, instead: Pick | None) -> Wished:
    venue = records.load_venue(row.venue_id)
    category = instead.category if instead else row.category
    unit = instead.unit if instead else None
    is_other_time = window != Window(row.starts_at, row.ends_at)
    is_same = not is_other_time and category.pk == row.category_id
    now = clock.now()
    cut_at = now if row.status_at(now) is Status.PRESENT else None
    if unit is None and category.pk == row.category_id:
        # The promised unit stays, at rates of its own where it has them.
        kept = catalogue.units_by_id(venue).get(changes.promised(row) or 0)
        category = catalogue.priced(venue, category, [kept] if kept else [])
    units = changes.units_of(row)
    repriced = reprice(row, venue, category, window, cut_at=cut_at, units=units, party=party)
    asked = drafts.asked_after(row, repriced.terms.promised, repriced.price_minor)
    pick = Pick(
        venue=venue,
        window=window,
        category=category,
        unit=unit,
        guests=party.guests,
        price_minor=repriced.price_minor,
    )
    return Wished(
        pick=pick,
        is_other_time=not is_same or unit is not None,
        fee_minor=late_changes.fee_minor(row, repriced, now),
        due_now_minor=0 if cut_at else max(0, asked - row.paid_minor),
        asks_card=drafts.asks_card_after(row, repriced.terms.promised)
        and not (row.asks_guarantee or row.guaranteed_at),
    )


def _save(request: HttpRequest, row: Reservation, form: ChangeForm, wished: Wished) -> HttpResponse:
    is_told = wished.fee_minor > 0 and str(wished.fee_minor) in request.POST.getlist("fee_shown")
    by, wish = visitors.visitor(request), _change(row, form, wished, accept_fee=is_told)
    try:
        actions.modify(reservation_id=row.pk, change=wish, by=by)
    except ContactInvalid as fault:
        form.tell(fault)
        return _page(request, row, form, status=422)
    except Invalid as fault:
        form.add_error(None, fault.detail)
        return _page(request, row, form, status=422)
    except ChangedMeanwhile as stale:
        messages.warning(request, refusals.told(stale, row.venue))
        return redirect("web:change", code=row.code)
    except Refusal as refusal:
        found = []
        if isinstance(refusal, search.REFUSED_TIME):
            found = find.for_change(row, wish, by=by, now=clock.now())
        instead = selection.of_alternatives(row.venue, found, guests=wished.pick.guests)
        told = refusals.told(refusal, row.venue)
        return _page(request, row, form, why_not=told, instead=instead, status=409)
    messages.success(request, _("Your reservation is changed."))
    return redirect("web:reservation", code=row.code)


def _change(row: Reservation, form: ChangeForm, wished: Wished, *, accept_fee: bool) -> Change:
    """The change for the engine. Untouched values stay out: the engine does not check
    them again.
    """
    pick = wished.pick
    is_other_category = pick.category.pk != row.category_id
    says_children = "children" in form.changed_data
    is_other_window = pick.window != Window(row.starts_at, row.ends_at)
    return Change(
        times=pick.times if is_other_window else None,
        category=pick.category.code if is_other_category and not pick.unit else None,
        resource=pick.unit.pk if pick.unit else None,
        guest_count=pick.guests if pick.guests != row.guest_count or says_children else None,
        children=form.cleaned_data["children"] if says_children else None,
        details=form.details,
        language=form.chosen_language,
        version=form.cleaned_data["version"],
        accept_fee=accept_fee or None,
    )


def _page(
    request: HttpRequest, row: Reservation, form: ChangeForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {
        "reservation": row,
        "venue": row.venue,
        "form": form,
        "now": selection.again(row),
        **more,
    }
    return render(request, "web/change.html", context, status=status)


def _as_it_is(row: Reservation) -> dict[str, Any]:
    zone = row.venue.zone
    start, end = row.starts_at.astimezone(zone), row.ends_at.astimezone(zone)
    return {
        **{name: getattr(row, name) for name in DETAILS},
        "check_in": start.date(),
        "check_out": end.date(),
        "day": start.date(),
        "from_time": start.time().replace(second=0, microsecond=0),
        "until_day": end.date(),
        "until_time": end.time().replace(second=0, microsecond=0),
        "guests": row.guest_count,
        "children": tuple(parties.children_of(row)),
        "language": languages.of_reservation(row.language, row.venue),
        "version": row.version,
    }
