"""Logging in on the pages and in the admin, held back by the same count as over the API."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from guests import log_in_limit
from guests.addresses import address_of
from guests.errors import CredentialsInvalid, TooManyFailures
from guests.models import User


class HeldBack(ModelBackend):
    """Password and address as Django checks them, each failure counted."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **credentials: Any,
    ) -> User | None:
        email = username or credentials.get(User.USERNAME_FIELD)
        if request is None or not email or password is None:
            return None

        def verify() -> User:
            user = super(HeldBack, self).authenticate(request, username=email, password=password)
            if not isinstance(user, User):
                raise CredentialsInvalid
            return user

        try:
            return log_in_limit.attempt(verify, email=email, place=address_of(request))[0]
        except CredentialsInvalid:
            return None
        except TooManyFailures:
            # Keeps the other ways to check a password from being asked too.
            raise PermissionDenied from None
