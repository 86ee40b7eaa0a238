"""Limits how many wrong passwords may be tried for an e-mail address from one place.

Nobody can test more passwords than the rate allows, over all processes and however many attempts
run at once: a failure is counted under its row's lock before the answer is given. A person with the
right password is never counted.
"""

from collections.abc import Callable

from django.conf import settings

from guests import rate_counters
from guests.emails import fold
from guests.errors import CredentialsInvalid, TooManyFailures
from guests.models import User
from guests.rates import Allowance


def attempt(verify: Callable[[], User], *, email: str, place: str) -> tuple[User, Allowance]:
    """Returns the user whom `verify` finds, and what is left of the rate.

    When `verify` raises CredentialsInvalid, counts a failure for the address at `place` and raises
    it. Raises TooManyFailures once the rate is reached: before `verify` runs, or instead of its
    answer.
    """
    who, rate = rate_counters.name("log-in", fold(email), place), settings.LOGIN_FAILURE_RATE
    _judge(rate_counters.read(who, rate))
    try:
        user = verify()
    except CredentialsInvalid as wrong:
        wrong.allowance = rate_counters.count(who, rate)
        if wrong.allowance.is_overdrawn:
            raise TooManyFailures(wrong.allowance) from None
        raise
    allowance = rate_counters.read(who, rate)
    _judge(allowance)
    return user, allowance


def _judge(allowance: Allowance) -> None:
    if not allowance.left:
        raise TooManyFailures(allowance)
