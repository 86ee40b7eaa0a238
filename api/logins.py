"""Log-in over the API, limited by e-mail address and network after too many failures."""

from functools import partial

from django.http import HttpRequest, HttpResponse

from api import limits
from guests import accounts, log_in_limit, tokens
from guests.addresses import address_of


def log_in(
    request: HttpRequest, response: HttpResponse, *, email: str, password: str
) -> tokens.Pair:
    """Returns a pair of tokens and sets the RateLimit headers. Only failures count.

    Raises CredentialsInvalid, or TooManyFailures after too many of them.
    """
    verify = partial(accounts.log_in, email=email, password=password)
    user, allowance = log_in_limit.attempt(
        verify, email=email, place=address_of(request), door="api"
    )
    for name, value in limits.of_allowance("log-in", allowance).items():
        response[name] = value
    return tokens.issue(user)
