"""Changes what a person logs in with. Each change needs their current password.

A session alone, stolen or left open, is not enough. Each change is told to the address that the
person had before it.
"""

from collections.abc import Callable
from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from guests import accounts, audit, emails, log_in_limit
from guests.addresses import address_of
from guests.credentials import letters
from guests.errors import AlreadyRegistered, CredentialsInvalid
from guests.models import User


def confirm(user: User, password: str, *, place: str) -> None:
    """Checks the current password of a person who is logged in.

    Raises CredentialsInvalid, which counts as a failed log-in from `place`, TooMany where too many
    failed, and TooBusy. A person without a password has none to confirm: CredentialsInvalid.
    """

    def verify() -> User:
        if not user.check_password(password):
            raise CredentialsInvalid
        return user

    log_in_limit.attempt(verify, email=user.email, place=place, door="confirmation")


Follow = Callable[[str, str], object]
"""Lets what an account has elsewhere follow from its old address to the new one."""


def change_address(user: User, raw: str, *, place: str, follow: Follow) -> None:
    """Changes the address that a person logs in with, after `confirm`.

    Ends their API tokens, and calls `follow` in the same transaction. Raises ContactInvalid for a
    bad address, AlreadyRegistered for a known one.
    """
    address, old = emails.parse(raw), user.email
    user.email = address
    try:
        with transaction.atomic():
            user.save(update_fields=["email", "search_text"])
            # What a provider said of the old address says nothing of the new one.
            EmailAddress.objects.filter(user=user).delete()
            accounts.log_out_everywhere(user)
            follow(old, address)
    except IntegrityError:
        user.email = old
        raise AlreadyRegistered from None
    audit.note("address.changed", by=f"user:{user.pk}", place=place)
    letters.tell_changed(old, letters.ADDRESS, language=user.language)


def disconnect(user: User, account_id: int, *, place: str) -> None:
    """Removes a sign-in provider, after `confirm`. Removing one that is gone changes nothing."""
    gone, _ = SocialAccount.objects.filter(user=user, pk=account_id).delete()
    if gone:
        tell_connected(user, "provider.disconnected", place=place)


def connected(request: HttpRequest, sociallogin: SocialLogin, **_: Any) -> None:
    """Tells a person of a new sign-in provider. Connected to allauth's signal."""
    tell_connected(sociallogin.user, "provider.connected", place=address_of(request))


def tell_connected(user: User, act: str, *, place: str) -> None:
    """Notes that a sign-in provider was connected or disconnected, and tells the person."""
    audit.note(act, by=f"user:{user.pk}", place=place)
    letters.tell_changed(user.email, letters.PROVIDERS, language=user.language)
