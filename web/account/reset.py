"""Asking for a letter with a link that sets a new password."""

from typing import cast

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from guests import audit, rate_counters
from guests.addresses import address_of
from guests.credentials import letters
from guests.emails import fold
from guests.errors import TooManyResets
from guests.models import User
from guests.rates import is_limited
from guests.sign_in import AccountAdapter
from web.account.forms import ResetForm


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Sends a letter to the address of an account; any other address gets the same answer."""
    form = ResetForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            _count(address_of(request))
        except TooManyResets as refusal:
            form.tell([("", refusal.detail)])
            status = 429
        else:
            _send(request, fold(form.cleaned_data["email"]))
            return redirect("account_reset_password_done")
    return render(request, "account/password_reset.html", {"form": form}, status=status)


def _count(place: str) -> None:
    if not is_limited(settings.RESETS_PER_PLACE):
        return
    who = rate_counters.name("reset", "place", place)
    allowance = rate_counters.count(who, settings.RESETS_PER_PLACE)
    if allowance.is_overdrawn:
        audit.note("limit.reached", by="nobody", place=place, why=TooManyResets.why)
        raise TooManyResets(allowance)


def _send(request: HttpRequest, address: str) -> None:
    """The same work for an address that nobody has; only the letter is not sent."""
    user = User.objects.filter(email=address, is_active=True).first()
    adapter = cast(AccountAdapter, get_adapter(request))
    letter = adapter.render_reset_letter(user or User(pk=0, email=address))
    is_wanted = _count_letter(address)
    by = f"user:{user.pk}" if user else "nobody"
    audit.note("reset.asked", by=by, place=address_of(request))
    if user is not None and is_wanted:
        letters.post(letter)


def _count_letter(address: str) -> bool:
    """Whether the address may get one more. The last one it got works until it is used."""
    if not is_limited(settings.RESETS_PER_ACCOUNT):
        return True
    who = rate_counters.name("reset", "address", address)
    return not rate_counters.count(who, settings.RESETS_PER_ACCOUNT).is_overdrawn
