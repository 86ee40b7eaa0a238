"""The pages of lots: create, change and close them, and see their spots."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as now_said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from desk import phrases
from desk.charts.chart import of_lots, of_spots
from desk.context import caller_of, form_page, page
from desk.lots import spots_now
from desk.scoping import venues_of
from desk.venue_forms import ZONES
from guests.callers import Caller
from guests.form_fields import UncutField
from reservations import clock
from reservations.availability import venue_search
from reservations.errors import Invalid, Refusal
from reservations.inventory import lots
from reservations.inventory.lots import LotWish
from reservations.inventory.spots import LARGEST_LOT
from reservations.rules import permissions
from reservations.rules.permissions import Act
from venues import kinds, prices
from venues.models import Rate, Venue


class LotForm(forms.Form):
    """Asks for the fields of a lot. The number of spots sets which spots it has."""

    name = UncutField(label=_("Name"), max_length=120)
    address = UncutField(label=_("Address"), max_length=200, required=False)
    capacity = forms.IntegerField(
        label=_("Number of spots"),
        min_value=0,
        max_value=LARGEST_LOT,
        help_text=_("fewer only while so many are empty; the highest numbers go first"),
    )
    price = forms.DecimalField(
        label=_("Price per started hour"), min_value=0, max_digits=12, decimal_places=3
    )
    currency = UncutField(label=_("Currency"), min_length=3, max_length=3, initial="EUR")
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=ZONES, initial="UTC", required=False
    )

    def __init__(self, *args: Any, venue: Venue | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.venue = venue
        if venue is not None:
            self.fields["currency"].disabled = True
            del self.fields["time_zone"]
            self.initial.update(_as_it_is(venue))

    @property
    def fieldsets(self) -> list[tuple[str | None, dict[str, Any]]]:
        """The fields in their order."""
        return [(None, {"fields": list(self.fields)})]

    def clean(self) -> dict[str, Any]:
        """Refuses an amount with more decimals than its currency has."""
        values: dict[str, Any] = super().clean() or {}
        price, currency = values.get("price"), values.get("currency")
        if price is not None and currency:
            decimals = prices.exponent(currency.upper())
            if price.scaleb(decimals) != int(price.scaleb(decimals)):
                told = _("%(currency)s has %(decimals)s decimals.")
                self.add_error("price", told % {"currency": currency, "decimals": decimals})
        return values

    def wish(self) -> LotWish:
        """Returns the wish for the engine. Fields that the clerk did not touch are None."""
        values, touched = self.cleaned_data, set(self.changed_data)
        is_new = self.venue is None
        currency = values["currency"].upper()
        given = {name: values[name] for name in ("name", "address", "capacity")}
        if not is_new:
            given = {name: value for name, value in given.items() if name in touched}
        if is_new or "price" in touched:
            given["price_minor"] = int(values["price"].scaleb(prices.exponent(currency)))
        if is_new:
            given |= {"currency": currency, "time_zone": values["time_zone"] or None}
        return LotWish(**given)

    def refuse(self, fault: Refusal) -> None:
        """Shows a refusal beside its field, or at the top if it has none here."""
        name = fault.field if isinstance(fault, Invalid) else None
        beside = {"lot_in_use": "capacity"}.get(fault.code, name)
        told = f"{fault.detail} ({fault.code})"
        self.add_error(beside if beside in self.fields else None, told)


@require_GET
def every_lot(request: HttpRequest) -> HttpResponse:
    """Shows how full each lot is now, and its revenue."""
    by = caller_of(request)
    asked = request.GET.get("q", "").replace("\0", "").strip()
    rows = _lots(request).prefetch_related("rates")
    if asked:
        rows = venue_search.named(rows, asked)
    found = spots_now.lots(list(rows[: spots_now.MOST_LOTS]), now=clock.now())
    return page(
        request,
        "lots",
        title=now_said("Lots"),
        is_daily=True,
        lots=found,
        asked=asked,
        may_open=permissions.is_administrator(by),
        chart=of_lots(found),
    )


@require_GET
def lot(request: HttpRequest, slug: str) -> HttpResponse:
    """Shows every spot of a lot and the vehicle on it. Raises Http404 for one that is
    not theirs.
    """
    by, venue, now = caller_of(request), _lot(request, slug), clock.now()
    found = spots_now.spots(venue, now=now)
    return page(
        request,
        "lot",
        title=venue.name,
        is_daily=True,
        lot=venue,
        price=spots_now.price_of(venue),
        spots=found,
        viewed=[one.reservation for one in found],
        taken=sum(spot.word != "free" for spot in found),
        may_change=permissions.may(by, Act.VENUE, venue.pk),
        may_close=permissions.is_administrator(by),
        chart=of_spots(spots_now.by_category(found)),
    )


@require_GET
def spot(request: HttpRequest, slug: str, spot_id: int) -> HttpResponse:
    """Shows a spot with its past and upcoming reservations."""
    caller_of(request)
    venue, now = _lot(request, slug), clock.now()
    unit = get_object_or_404(venue.resources.select_related("category"), pk=spot_id)
    shown = next((one for one in spots_now.spots(venue, now=now) if one.unit.pk == unit.pk), None)
    stays = [
        (row, phrases.span(row.starts_at, row.ends_at, venue.zone)) for row in spots_now.past(unit)
    ]
    for row, _span in stays:
        row.reservation.venue = venue  # type: ignore[union-attr]
    return page(
        request,
        "spot",
        title=now_said("Spot %(name)s of %(lot)s") % {"name": unit.name, "lot": venue.name},
        is_daily=True,
        lot=venue,
        unit=unit,
        spot=shown,
        viewed=[shown.reservation if shown else None, *(row.reservation for row, _span in stays)],
        stays=[
            (row.reservation, span, phrases.LABELS[row.reservation.status_at(now)],
             row.reservation.status_at(now).word,
             phrases.money(row.reservation.price_minor, row.reservation.currency))
            for row, span in stays
            if row.reservation is not None
        ],
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def open_lot(request: HttpRequest) -> HttpResponse:
    """Asks for the fields of a new lot, then creates it. Administrators only."""
    by = _administrator(request)
    form = LotForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = lots.open_lot(wish=form.wish(), by=by)
        except Refusal as fault:
            form.refuse(fault)
        else:
            messages.success(request, now_said("%(lot)s is open.") % {"lot": made.name})
            return redirect("admin:lot", made.slug)
    return form_page(request, form, title=now_said("New lot"), button=now_said("Open the lot"))


@require_http_methods(["GET", "POST"])
def change_lot(request: HttpRequest, slug: str) -> HttpResponse:
    """Changes name, address, price and number of spots. Managers only."""
    by, venue = caller_of(request), _lot(request, slug)
    if not permissions.may(by, Act.VENUE, venue.pk):
        raise PermissionDenied
    form = LotForm(request.POST or None, venue=venue)
    if request.method == "POST" and form.is_valid():
        try:
            lots.change_lot(slug=slug, wish=form.wish(), by=by)
        except Refusal as fault:
            form.refuse(fault)
        else:
            messages.success(request, now_said("%(lot)s is changed.") % {"lot": venue.name})
            return redirect("admin:lot", slug)
    title = now_said("Change %(lot)s") % {"lot": venue.name}
    return form_page(request, form, title=title, button=now_said("Save the change"))


@require_http_methods(["GET", "POST"])
def close_lot(request: HttpRequest, slug: str) -> HttpResponse:
    """Asks for confirmation, then closes the lot if every spot is empty. Administrators only."""
    by, venue = _administrator(request), _lot(request, slug)
    if request.method == "POST":
        try:
            lots.close_lot(slug=slug, by=by)
        except Refusal as fault:
            messages.error(request, f"{fault.detail} ({fault.code})")
            return redirect("admin:lot", slug)
        messages.success(request, now_said("%(lot)s is given up.") % {"lot": venue.name})
        return redirect("admin:lots")
    title = now_said("Delete %(lot)s?") % {"lot": venue.name}
    return page(request, "lot_close", title=title, is_daily=True, lot=venue)


def _lots(request: HttpRequest) -> Any:
    rows = venues_of(request).filter(kind=kinds.PARKING.code, is_active=True)
    return rows.select_related("policy")


def _lot(request: HttpRequest, slug: str) -> Venue:
    found: Venue | None = _lots(request).filter(slug=slug).first()
    if found is None:
        raise Http404("There is no such lot, or it is not yours.")
    return found


def _administrator(request: HttpRequest) -> Caller:
    by = caller_of(request)
    if not permissions.is_administrator(by):
        raise PermissionDenied
    return by


def _as_it_is(venue: Venue) -> dict[str, Any]:
    hourly = venue.rates.filter(
        unit__in=(Rate.Unit.HOUR, Rate.Unit.STARTED_HOUR), resource__isnull=True
    ).first()
    return {
        "name": venue.name,
        "address": venue.address,
        "capacity": venue.resources.filter(retired_at=None).count(),
        "price": prices.decimal(hourly.amount_minor if hourly else 0, venue.currency),
        "currency": venue.currency,
    }
