"""The pages of partners' endpoints for webhooks: made, changed, tried, and their log."""

from functools import partial
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext, gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from desk.fields import LocalTimeField
from desk.lists.partner_keys import ConfirmForm
from desk.scoping import HidesOthers, is_administrator
from guests import audit
from guests.addresses import address_of
from guests.callers import Caller
from guests.form_fields import text_field
from guests.models import Partner, User
from hooks import endpoint_removal, endpoints, partners, replays
from hooks.catalogue import PING, TYPES
from hooks.entitlements import READS
from hooks.errors import TooManyEndpoints
from hooks.models import Endpoint
from notices.outbound_http import LONGEST_ADDRESS
from reservations.errors import Invalid, NotFound
from venues.models import Venue

SHOWN = 100
"""Deliveries on the page of the log."""
UTC = ZoneInfo("UTC")

_FIELDS = {"events": "types", "include": "has_reservation"}
"""Fields of the API by their name in the form, where it is another."""
_TYPES = [("*", "all, also those to come"), *((name, name) for name in TYPES if name != PING)]


class EndpointForm(forms.Form):
    url = text_field(label="Address", max_length=LONGEST_ADDRESS, help_text="https, and not inward")
    types = forms.MultipleChoiceField(
        label="Events", choices=_TYPES, initial=["*"], widget=forms.SelectMultiple({"size": 12})
    )
    venues = forms.ModelMultipleChoiceField(
        Venue.objects.none(), required=False, help_text="none chosen: all of the partner's"
    )
    has_reservation = forms.BooleanField(
        label="Whole reservation",
        required=False,
        help_text="with names and numbers; only if the partner may read reservations",
    )
    description = text_field(max_length=200, required=False)

    def __init__(self, *args: Any, partner: Caller, **options: Any) -> None:
        super().__init__(*args, **options)
        rows = Venue.objects.order_by("name")
        if partner.venue_ids is not None:
            rows = rows.filter(pk__in=partner.venue_ids)
        field = self.fields["venues"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = rows

    def wish(self) -> dict[str, Any]:
        """Returns what `hooks.endpoints` takes."""
        given = self.cleaned_data
        return {
            "url": given["url"],
            "types": ["*"] if "*" in given["types"] else given["types"],
            "venues": [venue.slug for venue in given["venues"]] or None,
            "include": ["reservation"] if given["has_reservation"] else [],
            "description": given["description"],
        }


class EndpointChangeForm(EndpointForm):
    is_active = forms.BooleanField(
        label="Active", required=False, help_text="switching it on forgets its failures"
    )

    def wish(self) -> dict[str, Any]:
        """Returns what `hooks.endpoints` takes; `is_active` only where it was changed."""
        told = super().wish()
        if "is_active" in self.changed_data:
            told["is_active"] = self.cleaned_data["is_active"]
        return told


class ReplayForm(forms.Form):
    """Which deliveries are sent again: those that were made from one instant to another."""

    since = LocalTimeField(zone=UTC, label=gettext_lazy("From (UTC)"))
    until = LocalTimeField(
        zone=UTC,
        required=False,
        label=gettext_lazy("To (UTC)"),
        help_text=gettext_lazy("Leave it empty for now. At most 30 days."),
    )


@never_cache
@require_http_methods(["GET", "POST"])
def make(request: HttpRequest, partner_id: int) -> HttpResponse:
    """Asks for an address and the password, then makes the endpoint and shows its secret."""
    user = _administrator(request)
    partner = get_object_or_404(Partner, pk=partner_id)
    by = _acting_for(partner.slug, user)
    form = EndpointForm(request.POST or None, partner=by)
    confirm = ConfirmForm(request.POST or None, user=user, place=address_of(request))
    if request.method == "POST" and form.is_valid() and confirm.is_valid():
        try:
            made = endpoints.make(form.wish(), by=by)
        except (Invalid, TooManyEndpoints) as refusal:
            _refuse(form, refusal)
        else:
            _note(request, "endpoint.made", made.endpoint)
            return _page(request, "shown", title="The secret", made=made)
    told = {"partner": partner, "form": form, "confirm": confirm}
    return _page(request, "form", title="Add an endpoint", **told)


@never_cache
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, endpoint_id: int) -> HttpResponse:
    """Asks for changes and makes them."""
    user = _administrator(request)
    endpoint = get_object_or_404(Endpoint, pk=endpoint_id)
    by = _acting_for(endpoint.partner, user)
    initial = {
        "url": endpoint.url,
        "types": endpoint.types,
        "venues": [venue.pk for venue in endpoint.venues.all()],
        "has_reservation": "reservation" in endpoint.include,
        "description": endpoint.description,
        "is_active": endpoint.is_active,
    }
    form = EndpointChangeForm(request.POST or None, partner=by, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            endpoints.change(endpoint.pk, form.wish(), by=by)
        except Invalid as refusal:
            _refuse(form, refusal)
        else:
            _note(request, "endpoint.changed", endpoint)
            return redirect("admin:hooks_endpoint_change", endpoint.pk)
    return _page(request, "form", title="Change the endpoint", endpoint=endpoint, form=form)


@never_cache
@require_http_methods(["GET", "POST"])
def rotate(request: HttpRequest, endpoint_id: int) -> HttpResponse:
    """Asks for the password, then shows a new secret. The old one signs a day more."""
    user = _administrator(request)
    endpoint = get_object_or_404(Endpoint, pk=endpoint_id)
    form = ConfirmForm(request.POST or None, user=user, place=address_of(request))
    if request.method == "POST" and form.is_valid():
        made = endpoints.rotate(endpoint.pk, partner=endpoint.partner)
        _note(request, "endpoint.rotated", endpoint)
        return _page(request, "shown", title="The new secret", made=made)
    return _page(request, "rotate", title="Rotate the secret?", endpoint=endpoint, form=form)


@never_cache
@require_http_methods(["GET", "POST"])
def deliveries(request: HttpRequest, endpoint_id: int) -> HttpResponse:
    """Shows what was sent and what waits. Buttons send a trial, or one or a range of them again."""
    _administrator(request)
    endpoint = get_object_or_404(Endpoint, pk=endpoint_id)
    form = ReplayForm(request.POST if "since" in request.POST else None)
    send = partial(_send_range, form=form) if form.is_bound else _send
    if request.method == "POST" and send(request, endpoint):
        return redirect("admin:hooks_endpoint_deliveries", endpoint.pk)
    rows = replays.log_of(endpoint)[:SHOWN]
    return _page(request, "deliveries", title="Log", endpoint=endpoint, rows=rows, form=form)


@never_cache
@require_http_methods(["GET", "POST"])
def remove(request: HttpRequest, endpoint_id: int) -> HttpResponse:
    """Asks for confirmation, then deletes the endpoint with its log."""
    _administrator(request)
    endpoint = get_object_or_404(Endpoint, pk=endpoint_id)
    if request.method == "POST":
        _note(request, "endpoint.removed", endpoint)
        endpoint_removal.remove(endpoint.pk, partner=endpoint.partner)
        messages.success(request, "The endpoint is deleted.")
        return redirect("admin:hooks_endpoint_changelist")
    return _page(request, "remove", title="Delete the endpoint?", endpoint=endpoint)


@admin.register(Endpoint)
class EndpointAdmin(HidesOthers):
    """The admin of endpoints, to read only. Buttons lead to what can be done."""

    change_form_template = "admin/hooks/endpoint/change_form.html"
    fields = (
        "partner", "url", "types", "has_all_venues", "venues", "include", "description",
        "is_active", "disabled_reason", "failing_since", "failures", "created_at",
    )  # fmt: skip
    list_display = ("url", "partner", "is_active", "failing_since", "failures", "created_at")
    list_filter: ClassVar = ["is_active", "partner"]
    search_fields = ("url", "partner", "description")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        pages = [
            ("make/<int:partner_id>/", make, "make"),
            ("<int:endpoint_id>/edit/", change, "edit"),
            ("<int:endpoint_id>/rotate/", rotate, "rotate"),
            ("<int:endpoint_id>/deliveries/", deliveries, "deliveries"),
            ("<int:endpoint_id>/remove/", remove, "remove"),
        ]
        own = [
            path(route, staff_member_required(view), name=f"hooks_endpoint_{name}")
            for route, view, name in pages
        ]
        return [*own, *super().get_urls()]


def _send(request: HttpRequest, endpoint: Endpoint) -> bool:
    """Sends a trial, or one delivery again. Returns True."""
    given = request.POST.get("delivery", "")
    if not given.isdecimal():
        endpoints.ping(endpoint.pk, partner=endpoint.partner)
        messages.success(request, gettext("A trial is on its way: look at the log in a moment."))
        return True
    try:
        replays.one(int(given[:18]), endpoint_id=endpoint.pk, partner=endpoint.partner)
    except NotFound:
        messages.error(request, gettext("This delivery is gone."))
    else:
        messages.success(request, gettext("It is sent again."))
    return True


def _send_range(request: HttpRequest, endpoint: Endpoint, form: ReplayForm) -> bool:
    """Sends a range again. Returns False where the form says what is wrong."""
    if not form.is_valid():
        return False
    given = form.cleaned_data
    try:
        count = replays.several(
            since=given["since"],
            until=given["until"],
            endpoint_id=endpoint.pk,
            partner=endpoint.partner,
        )
    except Invalid as refusal:
        form.add_error(refusal.field, refusal.detail)
        return False
    _note(request, "endpoint.replayed", endpoint)
    told = ngettext("%(count)s is sent again.", "%(count)s are sent again.", count)
    messages.success(request, told % {"count": count})
    return True


def _acting_for(partner: str, user: User) -> Caller:
    found = partners.authority_of(partner)
    return Caller(
        kind="administrator",
        name=f"user:{user.pk}",
        user_id=user.pk,
        partner=partner,
        venue_ids=found.venue_ids if found else None,
        # One who is idle gets nothing. What is stored is for when it is active again.
        scopes=found.scopes if found else frozenset({READS}),
    )


def _administrator(request: HttpRequest) -> User:
    if not isinstance(request.user, User) or not is_administrator(request):
        raise PermissionDenied
    return request.user


def _refuse(form: EndpointForm, refusal: Invalid | TooManyEndpoints) -> None:
    field = refusal.field.partition("/")[0] if isinstance(refusal, Invalid) else ""
    form.add_error(_FIELDS.get(field, field) or None, refusal.detail)


def _note(request: HttpRequest, act: str, endpoint: Endpoint) -> None:
    user = _administrator(request)
    about = f"partner:{endpoint.partner}"
    audit.note(act, by=f"user:{user.pk}", place=address_of(request), about=about, url=endpoint.url)
    LogEntry.objects.log_actions(
        user.pk, [endpoint], CHANGE, change_message=act, single_object=True
    )


def _page(request: HttpRequest, name: str, **context: Any) -> HttpResponse:
    template = f"admin/hooks/endpoint/{name}.html"
    return render(request, template, {**admin.site.each_context(request), **context})
