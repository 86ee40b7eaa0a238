"""Pages that change what a person logs in with. Each form asks for the current password."""

from collections.abc import Callable
from typing import Any, cast

from allauth.account.adapter import get_adapter
from allauth.socialaccount.adapter import get_adapter as get_provider_adapter
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.base import AuthProcess
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from guests.addresses import address_of
from guests.callers import for_user
from guests.credentials import changes
from guests.errors import AlreadyRegistered, ContactInvalid, CredentialsInvalid, TooMany
from guests.models import User
from guests.sign_in import PASSWORD_GIVEN
from notices import opt_outs
from reservations.corrections import addresses
from web.account.forms import AddressForm, ConfirmedForm, NewPasswordForm, ProviderForm

_METHODS = ["GET", "HEAD", "POST"]


@sensitive_post_parameters()
@login_required
@never_cache
@require_http_methods(_METHODS)
def change_password(request: HttpRequest) -> HttpResponse:
    """A new password. Other sessions and all API tokens of the person end."""
    user = _person(request)
    form = NewPasswordForm(request.POST if request.method == "POST" else None, user=user)
    if not user.has_usable_password():
        return redirect("account_reset_password")
    if _is_confirmed(request, form):
        get_adapter(request).set_password(user, form.cleaned_data["password1"])
        update_session_auth_hash(request, user)
        messages.success(request, _("Your password is changed."))
        return redirect("web:my_data")
    return _page(request, "account/password_change.html", form)


@sensitive_post_parameters()
@login_required
@never_cache
@require_http_methods(_METHODS)
def change_address(request: HttpRequest) -> HttpResponse:
    """Another address to log in with; the old one is told."""
    user = _person(request)
    form = AddressForm(request.POST if request.method == "POST" else None)
    if _is_confirmed(request, form):
        try:
            changes.change_address(
                user, form.cleaned_data["email"], place=address_of(request), follow=_follow(user)
            )
        except ContactInvalid as fault:
            form.tell(fault.errors)
        except AlreadyRegistered as refusal:
            form.tell([("email", refusal.detail)])
        else:
            messages.success(request, _("You log in with the new address from now on."))
            return redirect("web:my_data")
    return _page(request, "web/account/change_address.html", form)


@sensitive_post_parameters()
@login_required
@never_cache
@require_http_methods(_METHODS)
def providers(request: HttpRequest) -> HttpResponse:
    """Sites that the person can log in through: connected here, or disconnected."""
    user = _person(request)
    known = get_provider_adapter().list_providers(request)
    connected = SocialAccount.objects.filter(user=user).order_by("pk")
    form = ProviderForm(
        request.POST if request.method == "POST" else None,
        choices=[
            *((f"disconnect {each.pk}", each.provider) for each in connected),
            *((f"connect {each.sub_id}", each.name) for each in known),
        ],
    )
    if _is_confirmed(request, form):
        act, _space, which = form.cleaned_data["act"].partition(" ")
        if act == "connect":
            return _connect(request, which)
        changes.disconnect(user, int(which), place=address_of(request))
        messages.success(request, _("You can no longer log in through that site."))
        return redirect("web:providers")
    taken = {each.provider for each in connected}
    free = [each for each in known if each.sub_id not in taken]
    context = {"connected": connected, "free": free}
    return _page(request, "web/account/providers.html", form, **context)


def _connect(request: HttpRequest, which: str) -> HttpResponse:
    provider = get_provider_adapter().get_provider(request, which)
    answer: HttpResponse = provider.redirect(request, AuthProcess.CONNECT, **{PASSWORD_GIVEN: True})
    return answer


def _follow(user: User) -> Callable[[str, str], object]:
    """Lets letters about the person's reservations go to the new address, and calendars follow.

    What they have unsubscribed from stays so.
    """

    def follow(before: str, after: str) -> None:
        addresses.follow(user.pk, before=before, after=after, by=for_user(user))
        opt_outs.keep(user, before=before)

    return follow


def _is_confirmed(request: HttpRequest, form: ConfirmedForm) -> bool:
    """Whether the form was sent, is valid, and has the current password; the form says why not."""
    if request.method != "POST" or not form.is_valid():
        return False
    password = form.cleaned_data[form.current]
    try:
        changes.confirm(_person(request), password, place=address_of(request))
    except CredentialsInvalid:
        form.tell([(form.current, _("This is not your current password."))])
    except TooMany as refusal:
        form.refusal = refusal
        form.tell([("", refusal.detail)])
    return form.is_valid()


def _page(request: HttpRequest, template: str, form: ConfirmedForm, **context: Any) -> HttpResponse:
    answer = render(request, template, {"form": form, **context})
    if form.refusal is not None:
        answer.status_code = 429
        answer["Retry-After"] = str(form.refusal.retry_after)
    return answer


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)
