"""A world with one of everything, and the addresses of all pages about it."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any
from urllib.parse import quote

from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from config import urls  # noqa: F401 - so that all of them are known
from guests import callers, keys
from guests.models import User
from reservations import clock
from reservations.inventory import closures
from reservations.models import Allocation, Reservation
from tests.factories import add_hours, hold, make_venue
from tests.guests.factories import AdministratorFactory, PartnerFactory, StaffFactory, UserFactory
from venues.hours import Window
from venues.models import Venue

UNROUTED = (
    *("admin/guests/", "admin/no-such-page/", "accounts/confirm-email/abc/", "no-such-page/"),
    *("accounts/password/reset/key/1-abc/", "accounts/oidc/none/login/", "api/v1/none"),
)
"""What regular expressions match, and what nothing does."""

VISITORS = ("anybody", "guest", "staff", "administrator")

PAGES = (
    *("next", "q", "kind", "guests", "check_in", "check_out", "starts_at", "ends_at", "day"),
    *("category", "page", "venue", "date", "month", "floor", "resource", "city", "made_up"),
)
"""What pages for guests read of an address."""
DESK = (
    *("next", "venue", "day", "days", "q", "units", "resource", "starts_at", "ends_at", "from"),
    *("to", "month", "span", "category", "guests", "status", "page", "version", "start", "zoom"),
)
"""What pages of the desk read."""
LISTS = (
    *("q", "o", "p", "e", "all", "_popup", "_to_field", "_changelist_filters", "id", "id__exact"),
    *("id__in", "venue", "venue__id__exact", "venue__id__in", "venue__isnull", "status", "day"),
    *("date__isempty", "weekday__exact", "kind", "kind__exact", "is_active__exact", "unit__exact"),
    *("role__exact", "staff_venues__id__exact", "partner__id__exact", "starts_at__year"),
    *(
        "created_at__year",
        "created_at__month",
        "created_at__day",
        "recorded_at__year",
        "date__year",
    ),
    *("created_at__gte", "code__regex", "category__id__exact", "revoked_at__isempty", "name"),
    *("app_label", "model_name", "field_name", "term", "caller", "event", "taking"),
)
"""What lists of the admin read, and what somebody might think that they read."""


def names(route: str) -> tuple[str, ...]:
    """What a page reads of its address."""
    if not route.startswith("admin/"):
        return PAGES
    return LISTS if route.count("/") > 2 or "autocomplete" in route else DESK


@dataclass
class Ground:
    """One of everything."""

    venues: list[Venue]
    stay: Reservation
    closure: uuid.UUID
    guest: User
    staff: User
    administrator: User

    def browser(self, visitor: str) -> Client:
        """The browser of one of VISITORS."""
        browser = Client(raise_request_exception=False)
        if visitor != "anybody":
            user = getattr(self, visitor)
            browser.force_login(user, backend="config.page_log_in.HeldBack")
        return browser


def make() -> Ground:
    """A venue of each kind, somebody's stay at the first, a closure, a partner with a key."""
    hotel, *others = (
        make_venue(kind, units=2) for kind in ("hotel", "restaurant", "parking", "practice")
    )
    add_hours(others[2], time(8), time(18), resource=others[2].resources.first())
    venues = [hotel, *others]
    guest = UserFactory.create()
    staff = StaffFactory.create(staff_venues=venues)
    start = clock.now() + timedelta(days=40)
    stay = hold(others[0], start.replace(hour=12, minute=0, second=0, microsecond=0))
    Reservation.objects.filter(pk=stay.pk).update(guest=guest)
    closures.close(
        venue_id=hotel.pk,
        resource_ids=[hotel.resources.order_by("pk")[0].pk],
        window=Window(start, start + timedelta(days=1)),
        reason="paint",
        by=callers.for_user(staff),
    )
    keys.issue(PartnerFactory.create(slug="acme", venues=venues), by=None)
    closure = Allocation.objects.exclude(closure_id=None).values_list("closure_id", flat=True)[0]
    assert closure is not None
    boss = AdministratorFactory.create(last_login=timezone.now())
    AdministratorFactory.create()
    return Ground(venues, stay, closure, guest, staff, boss)


def addresses(ground: Ground) -> dict[str, str]:
    """Every page there is, by its route, with what it is about filled in."""
    found = {}
    for route, converters in _routes(get_resolver().url_patterns):
        if not route.startswith(("api/", "static/")) and "(?P" not in route:
            found[route] = "/" + _filled(route, converters, ground)
    return found | {address: f"/{address}" for address in UNROUTED}


def _routes(patterns: list[Any], before: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for each in patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _routes(each.url_patterns, route)
        elif isinstance(each, URLPattern):
            yield route, each.pattern.converters


def _filled(route: str, converters: dict[str, Any], ground: Ground) -> str:
    for name in converters:
        kind = _kind(route, name)
        if kind is not None:
            route = route.replace(kind, quote(str(_about(route, name, ground))))
    return route.replace("^", "").replace("$", "")


def _kind(route: str, name: str) -> str | None:
    for part in route.split("<")[1:]:
        inside = part.split(">")[0]
        if inside.rpartition(":")[2] == name:
            return f"<{inside}>"
    return None


def _about(route: str, name: str, ground: Ground) -> Any:
    if name == "slug":
        return ground.venues[2 if "lots" in route or "plan" in route else 1].slug
    known = {
        "code": ground.stay.code,
        "closure_id": ground.closure,
        "reservation_id": ground.stay.pk,
        "spot_id": ground.venues[2].resources.order_by("pk")[0].pk,
        "app_label": "reservations",
        "content_type_id": 1,
        "uidb64": "MQ",
        "key": "abc-def",
    }
    return known[name] if name in known else _row_of(route)


def _row_of(route: str) -> Any:
    """The id of a row of the list that a route of the admin is below."""
    for model in admin.site._registry:
        if route.startswith(f"admin/{model._meta.app_label}/{model._meta.model_name}/"):
            row = model._default_manager.order_by("pk").first()
            return row.pk if row else 1
    return 1
