"""The pages that issue, rotate and revoke a partner's API key. A key is shown once only."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from guests import keys
from guests.models import Partner, PartnerKey, User


class IssueForm(forms.Form):
    expires_at = forms.SplitDateTimeField(
        widget=AdminSplitDateTime, required=False, help_text="UTC; empty for a key without an end"
    )

    def clean_expires_at(self) -> datetime | None:
        end: datetime | None = self.cleaned_data["expires_at"]
        if end is not None and end <= timezone.now():
            raise forms.ValidationError("This is in the past.")
        return end


@never_cache
@require_http_methods(["GET", "POST"])
def issue(request: HttpRequest, partner_id: int) -> HttpResponse:
    """Asks for an expiry, then issues a key and shows it. Administrators only."""
    user = _administrator(request)
    partner = get_object_or_404(Partner, pk=partner_id)
    form = IssueForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        key, secret = keys.issue(partner, by=user, expires_at=form.cleaned_data["expires_at"])
        return _shown(request, key, secret, f"Issued key {key.prefix}.")
    return _page(request, "issue", partner=partner, form=form, title="Issue a key")


@never_cache
@require_http_methods(["GET", "POST"])
def rotate(request: HttpRequest, key_id: int) -> HttpResponse:
    """Asks for confirmation, then issues a new key and shows it. The old one ends
    after the grace.
    """
    user = _administrator(request)
    key = get_object_or_404(PartnerKey.objects.select_related("partner"), pk=key_id)
    if request.method == "GET":
        return _page(request, "rotate", key=key, grace=keys.GRACE, title="Rotate this key?")
    made = keys.rotate(key_id=key_id, by=user)
    if made is None:
        messages.error(request, "This key has ended already; issue a new one.")
        return redirect("admin:guests_partnerkey_change", key_id)
    return _shown(request, *made, f"Rotated key {key.prefix} to {made[0].prefix}.")


@never_cache
@require_http_methods(["GET", "POST"])
def revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    """Asks for confirmation, then revokes the key at once. Administrators only."""
    _administrator(request)
    key = get_object_or_404(PartnerKey.objects.select_related("partner"), pk=key_id)
    if request.method == "GET":
        return _page(request, "revoke", key=key, title="Revoke this key?")
    keys.revoke(key_id=key_id)
    _log(request, key.partner, f"Revoked key {key.prefix}.")
    messages.success(request, f"Key {key.prefix} is revoked.")
    return redirect("admin:guests_partnerkey_change", key_id)


def _administrator(request: HttpRequest) -> User:
    if not isinstance(request.user, User) or not request.user.has_perm("guests.change_partnerkey"):
        raise PermissionDenied
    return request.user


def _shown(request: HttpRequest, key: PartnerKey, secret: str, message: str) -> HttpResponse:
    # Show the secret in this response: a redirect would have to store it on the way.
    _log(request, key.partner, message)
    return _page(request, "shown", key=key, secret=secret, title="The new key")


def _page(request: HttpRequest, name: str, **context: Any) -> HttpResponse:
    template = f"admin/guests/partnerkey/{name}.html"
    return render(request, template, {**admin.site.each_context(request), **context})


def _log(request: HttpRequest, partner: Partner, message: str) -> None:
    LogEntry.objects.log_actions(
        request.user.pk or 0, [partner], CHANGE, change_message=message, single_object=True
    )
