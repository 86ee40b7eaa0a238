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

from desk.scoping import may_see_keys, partners_of
from guests import audit, keys
from guests.addresses import address_of
from guests.credentials import changes, letters
from guests.errors import CredentialsInvalid, TooMany
from guests.models import Partner, PartnerKey, User


class ConfirmForm(forms.Form):
    """Asks who sits there for their password: a session that was left open issues no key."""

    password = forms.CharField(
        label="Your password",
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, data: Any = None, *, user: User, place: str) -> None:
        super().__init__(data)
        self.user, self.place = user, place

    def clean_password(self) -> str:
        given: str = self.cleaned_data["password"]
        try:
            changes.confirm(self.user, given, place=self.place)
        except CredentialsInvalid:
            raise forms.ValidationError("This is not your password.") from None
        except TooMany as refusal:
            raise forms.ValidationError(refusal.detail) from None
        return given


class IssueForm(ConfirmForm):
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
    """Asks for an expiry, then issues a key and shows it."""
    user = _keeper(request)
    partner = get_object_or_404(partners_of(request), pk=partner_id)
    form = IssueForm(request.POST or None, user=user, place=address_of(request))
    if request.method == "POST" and form.is_valid():
        key, secret = keys.issue(partner, by=user, expires_at=form.cleaned_data["expires_at"])
        _note(request, "key.issued", key)
        return _shown(request, key, secret, f"Issued key {key.prefix}.")
    return _page(request, "issue", partner=partner, form=form, title="Issue a key")


@never_cache
@require_http_methods(["GET", "POST"])
def rotate(request: HttpRequest, key_id: int) -> HttpResponse:
    """Asks for confirmation, then issues a new key and shows it. The old one ends
    after the grace.
    """
    user = _keeper(request)
    key = _key(request, key_id)
    form = ConfirmForm(request.POST or None, user=user, place=address_of(request))
    if request.method == "GET" or not form.is_valid():
        told = {"key": key, "grace": keys.GRACE, "form": form}
        return _page(request, "rotate", title="Rotate this key?", **told)
    made = keys.rotate(key_id=key_id, by=user)
    if made is None:
        messages.error(request, "This key has ended already; issue a new one.")
        return redirect("admin:guests_partnerkey_change", key_id)
    _note(request, "key.rotated", key)
    return _shown(request, *made, f"Rotated key {key.prefix} to {made[0].prefix}.")


@never_cache
@require_http_methods(["GET", "POST"])
def revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    """Asks for confirmation, then revokes the key at once."""
    user = _keeper(request)
    key = _key(request, key_id)
    form = ConfirmForm(request.POST or None, user=user, place=address_of(request))
    if request.method == "GET" or not form.is_valid():
        return _page(request, "revoke", key=key, form=form, title="Revoke this key?")
    keys.revoke(key_id=key_id)
    _note(request, "key.revoked", key)
    _log(request, key.partner, f"Revoked key {key.prefix}.")
    messages.success(request, f"Key {key.prefix} is revoked.")
    return redirect("admin:guests_partnerkey_change", key_id)


def _keeper(request: HttpRequest) -> User:
    if not isinstance(request.user, User) or not may_see_keys(request):
        raise PermissionDenied
    return request.user


def _key(request: HttpRequest, key_id: int) -> PartnerKey:
    keys_seen = PartnerKey.objects.filter(partner__in=partners_of(request))
    return get_object_or_404(keys_seen.select_related("partner"), pk=key_id)


def _note(request: HttpRequest, act: str, key: PartnerKey) -> None:
    user = _keeper(request)
    place, about = address_of(request), f"partner:{key.partner.slug}"
    audit.note(act, by=f"user:{user.pk}", place=place, about=about, prefix=key.prefix)
    letters.tell_changed(user.email, letters.KEYS, language=user.language)


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
