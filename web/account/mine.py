"""The pages of a person's own reservations and parking."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import formats
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from guests.models import User
from notices.models.export import ExportKind
from payments.documents import lookup
from reservations import clock, reviews
from reservations.models import Allocation, Reservation
from reservations.querysets import ReservationQuerySet
from reservations.reports import parking
from reservations.reports.parking import ParkingMonth
from reservations.status import Status
from spelling.alphabet import Alphabetical
from venues import kinds, prices
from venues.local_words import money
from web import visitors
from web.account import exports
from web.account.pages import page_of
from web.plots import PlotBar, columns
from web.reservations.views import come_and_go

HOUR = timedelta(hours=1)
MOST_CURRENT = 20
"""Reservations whose buttons are on the page."""

SHOWN = {
    "upcoming": (Status.PRESENT, Status.UPCOMING, Status.HELD),
    "past": (Status.LEFT, Status.NO_SHOW),
    "cancelled": (Status.CANCELLED, Status.EXPIRED),
}
"""The lists of reservations. Each status is in one of them."""


@login_required
@require_safe
def me(request: HttpRequest) -> HttpResponse:
    """Shows the next three reservations, venues to review, and links to all account pages."""
    user, now = _person(request), clock.now()
    coming = _those(user, "upcoming", now)[:3]
    stayed = reviews.venues_stayed_at(user, at=now).exclude(reviews__user=user)
    unreviewed = stayed.order_by(Alphabetical("name"))[:3]
    context = {"rows": _with_status(coming, now), "unreviewed": unreviewed}
    return render(request, "web/account/me.html", context)


@login_required
@require_safe
def my_reservations(request: HttpRequest) -> HttpResponse:
    """Lists upcoming, past or cancelled reservations with their status at this moment."""
    user, now = _person(request), clock.now()
    shown = request.GET.get("show", "")
    shown = shown if shown in SHOWN else "upcoming"
    page = page_of(_those(user, shown, now), request)
    seen = {row.venue_id for row in page}
    context = {
        "page": page,
        "rows": _with_status(page, now),
        "shown": shown,
        "documents": lookup.by_reservation(visitors.visitor(request), list(page)),
        "reviewable": reviews.reviewable(user, among=seen, at=now) if shown == "past" else set(),
    }
    return render(request, "web/account/my_reservations.html", context)


@login_required
@never_cache
@require_safe
def my_parking(request: HttpRequest) -> HttpResponse:
    """Lists the person's parking, with plots of the last twelve months."""
    user, now = _person(request), clock.now()
    page = page_of(parking.parked(user, at=now), request)
    months = parking.months(user, at=now)
    currencies = sorted({currency for month in months for currency in month.spent})
    context = {
        "page": page,
        "rows": [_parked(row, now) for row in page],
        "months": [_told(month, currencies) for month in reversed(months)],
        "currencies": currencies,
        "current": _current(user, now),
        "plots": list(_plots(months, currencies)) if any(m.visits for m in months) else [],
        **exports.of_person(user, ExportKind.PARKING),
    }
    return render(request, "web/account/my_parking.html", context)


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _those(user: User, shown: str, now: datetime) -> ReservationQuerySet:
    rows = Reservation.objects.filter(guest=user).in_one_of(SHOWN[shown], at=now)
    rows = rows.select_related("venue", "category").prefetch_related(
        Prefetch("allocations", Allocation.objects.filter(is_live=True).select_related("resource"))
    )
    return rows.order_by("starts_at" if shown == "upcoming" else "-starts_at", "pk")


def _with_status(rows: Any, now: datetime) -> list[tuple[Reservation, Status]]:
    return [(row, row.status_at(now)) for row in rows]


def _current(user: User, now: datetime) -> list[dict[str, Any]]:
    """Returns the reservations at which the driver can arrive or leave now."""
    rows = Reservation.objects.filter(guest=user, venue__kind=kinds.PARKING.code)
    rows = rows.in_one_of((Status.PRESENT, Status.UPCOMING), at=now)
    rows = rows.select_related("venue__policy", "category").order_by("starts_at", "pk")
    found = [{"reservation": row, **come_and_go(row, now)} for row in rows[:MOST_CURRENT]]
    return [one for one in found if one["may_arrive"] or one["may_leave"]]


def _parked(row: Reservation, now: datetime) -> dict[str, Any]:
    taken = list(row.allocations.all())
    return {
        "row": row,
        "spot": taken[0].resource if taken else None,
        "came_at": parking.came_at(row),
        "left_at": parking.left_at(row, at=now),
        "is_recorded": row.checked_in_at is not None,
    }


def _told(month: ParkingMonth, currencies: list[str]) -> dict[str, Any]:
    return {
        "name": formats.date_format(month.first, "F Y"),
        "visits": month.visits,
        "hours": _hours(month),
        "spent": [money(month.spent[currency], currency) for currency in currencies],
    }


def _plots(months: list[ParkingMonth], currencies: list[str]) -> Iterator[tuple[str, SafeString]]:
    """Yields the title and the plot of each measure."""
    yield _plot(_("Visits"), months, lambda month: month.visits, lambda month: str(month.visits))
    for currency in currencies:
        yield _plot(
            _("Amount spent in %(currency)s") % {"currency": currency},
            months,
            partial(_amount, currency),
            partial(_money, currency),
        )
    yield _plot(_("Hours parked"), months, lambda month: month.length / HOUR, _hours)


def _plot(
    title: str,
    months: list[ParkingMonth],
    value: Callable[[ParkingMonth], float],
    show: Callable[[ParkingMonth], str],
) -> tuple[str, SafeString]:
    bars = [
        PlotBar(formats.date_format(month.first, "M"), value(month), show(month))
        for month in months
    ]
    return title, columns(title, bars)


def _amount(currency: str, month: ParkingMonth) -> float:
    return float(prices.decimal(month.spent[currency], currency))


def _money(currency: str, month: ParkingMonth) -> str:
    return money(month.spent[currency], currency)


def _hours(month: ParkingMonth) -> str:
    return formats.number_format(round(month.length / HOUR, 1), decimal_pos=1)
