"""The pages of a person's data: change, export and erase it."""

import orjson
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from guests import accounts, audit, callers
from guests.addresses import address_of
from guests.errors import ContactInvalid, LastAdministrator
from guests.models import User
from reservations.errors import OpenStay
from reservations.privacy import data_export, erasure
from web.account.forms import ErasureForm, ProfileForm
from web.account.regions import region_of


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def my_data(request: HttpRequest) -> HttpResponse:
    """Shows and changes contact data and preferences. Bookings take them from here."""
    user = _person(request)
    known = {field: getattr(user, field) for field in accounts.PROFILE}
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=known)
    form.read_phone_in(region_of(request))
    if request.method == "POST" and form.is_valid():
        try:
            accounts.change_profile(user, form.cleaned_data, region=region_of(request))
        except ContactInvalid as fault:
            form.tell(fault.errors)
            # The header shows the stored name, not the refused one.
            user.refresh_from_db()
        else:
            messages.success(request, _("Saved."))
            return redirect("web:my_data")
    return render(request, "web/account/my_data.html", {"form": form})


@login_required
@never_cache
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """Sends all data of the person as one JSON file, as `/me/export` of the API does."""
    user = _person(request)
    by = f"user:{user.pk}"
    audit.note("person.exported", by=by, place=address_of(request), about=by)
    held = data_export.of_account(user)
    held["profile"] = accounts.profile(user)
    document = orjson.dumps(held, option=orjson.OPT_UTC_Z | orjson.OPT_INDENT_2)
    return HttpResponse(
        document,
        content_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="holdfast-my-data.json"'},
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest) -> HttpResponse:
    """Explains what erasing does and erases the person on confirmation.

    Refuses during a stay, and for the last administrator.
    """
    user = _person(request)
    form = ErasureForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            erasure.erase_person(user, by=callers.for_user(user))
        except (OpenStay, LastAdministrator) as refusal:
            form.tell([("", refusal.detail)])
        else:
            logout(request)
            messages.success(request, _("You are erased: nothing that names you is left here."))
            return redirect("web:home")
    return render(request, "web/account/erase.html", {"form": form})


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
