"""Logging in over the API, held back after too many failures for one address at one place."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest

from api import counters
from api.addresses import address_of
from guests import accounts, tokens
from guests.emails import fold
from guests.errors import CredentialsInvalid, TooManyFailures


def log_in(request: HttpRequest, *, email: str, password: str) -> tokens.Pair:
    """A pair of tokens; only failures count, and whoever remembers the password is not slowed."""
    usage = _failures(request, email, increment=False)
    if usage is not None and usage["count"] >= usage["limit"]:
        raise TooManyFailures(timedelta(seconds=max(1, usage["time_left"])))
    try:
        user = accounts.log_in(email=email, password=password)
    except CredentialsInvalid:
        if usage is not None:
            _failures(request, email, increment=True)
        raise
    return tokens.issue(user)


def _failures(request: HttpRequest, email: str, *, increment: bool) -> counters.Usage | None:
    """How often this address failed here lately; None where the counters cannot be reached.

    Without them people still log in: each guess costs a slow hash all the same.
    """
    return counters.usage(
        request,
        group="login-failures",
        key=f"{fold(email)} {address_of(request)}",
        rate=settings.LOGIN_FAILURE_RATE,
        increment=increment,
    )
