"""How many passwords may be tried for an address at one place.

Nobody learns of more than the rate's number of passwords whether they are right, over any number
of processes and however many are tried at the same moment: the verdict is given only after the
failure was counted under its row's lock. Whoever knows the password is never counted.
"""

from collections.abc import Callable

from django.conf import settings

from guests import rate_counters
from guests.emails import fold
from guests.errors import CredentialsInvalid, TooManyFailures
from guests.models import User
from guests.rates import Allowance


def attempt(verify: Callable[[], User], *, email: str, place: str) -> tuple[User, Allowance]:
    """Whom `verify` finds; it raises CredentialsInvalid, which counts for the address at `place`.

    Raises TooManyFailures once the rate is reached, before the password is looked at; what was
    being looked at meanwhile stays untold, right or wrong.
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
