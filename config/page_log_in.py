"""The log-in of pages and admin, with the same limit of failures as the API's."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from guests import log_in_limit
from guests.addresses import address_of
from guests.errors import CredentialsInvalid, TooManyFailures
from guests.models import User


class HeldBack(ModelBackend):
    """Checks e-mail address and password as Django does, and counts each failure."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **credentials: Any,
    ) -> User | None:
        """Returns the person, or None for wrong credentials. Raises PermissionDenied after too many
        failures.
        """
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
            # Django then asks no other backend.
            raise PermissionDenied from None
