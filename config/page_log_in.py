"""The log-in of pages and admin, with the same limits of failures as the API's.

Sessions store the path of the class here, so it keeps its module and its name.
"""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from guests import log_in_limit
from guests.addresses import address_of
from guests.errors import CredentialsInvalid
from guests.log_in_limit import Door
from guests.models import User


class HeldBack(ModelBackend):
    """Checks e-mail address and password as Django does, and counts each failure.

    Raises TooMany and TooBusy, which the forms of pages and admin show.
    """

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
            place = address_of(request)
            return log_in_limit.attempt(verify, email=email, place=place, door=_door(request))[0]
        except CredentialsInvalid:
            # Django then asks no other backend; allauth's would hash once more and count nothing.
            raise PermissionDenied from None


def _door(request: HttpRequest) -> Door:
    return "admin" if request.path.startswith("/admin/") else "page"
