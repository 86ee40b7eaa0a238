"""Logging in over the API, held back after too many failures for one address at one place."""

from functools import partial

from django.http import HttpRequest, HttpResponse

from api import limits
from guests import accounts, log_in_limit, tokens
from guests.addresses import address_of


def log_in(
    request: HttpRequest, response: HttpResponse, *, email: str, password: str
) -> tokens.Pair:
    """A pair of tokens; only failures count, and whoever remembers the password is not slowed."""
    verify = partial(accounts.log_in, email=email, password=password)
    user, allowance = log_in_limit.attempt(verify, email=email, place=address_of(request))
    for name, value in limits.of_allowance("log-in", allowance).items():
        response[name] = value
    return tokens.issue(user)
