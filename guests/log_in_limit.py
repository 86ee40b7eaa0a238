"""Limits wrong passwords: for an e-mail address from one place, and from one place in all.

API, pages and admin all ask here, so they count together and answer alike. Nobody can test more
passwords than the rates allow, over all processes and however many attempts run at once: a failure
is counted under its row's lock before the answer is given. A person with the right password is
never counted, and failures elsewhere never hold back a place that has none.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from django.conf import settings

from guests import audit, rate_counters
from guests.emails import fold
from guests.errors import CredentialsInvalid, TooMany, TooManyFailures, TooManyFailuresHere
from guests.models import User
from guests.rates import Allowance, is_limited

Door = Literal["api", "page", "admin", "confirmation"]


class _Count(NamedTuple):
    who: str
    rate: str
    refusal: type[TooMany]


def attempt(
    verify: Callable[[], User], *, email: str, place: str, door: Door
) -> tuple[User, Allowance]:
    """Returns the user whom `verify` finds, and what is left of the rate for the address.

    When `verify` raises CredentialsInvalid, counts a failure and raises it. Raises TooManyFailures
    or TooManyFailuresHere once a rate is reached: before `verify` runs, or instead of its answer.
    """
    counts = _counts(fold(email), place)
    try:
        _judge(counts)
        try:
            user = verify()
        except CredentialsInvalid as wrong:
            audit.note("log_in.failed", by=_named(email), place=place, door=door)
            wrong.allowance = _count(counts)
            raise
        return user, _judge(counts)
    except TooMany as refusal:
        audit.note("log_in.held_back", by=_named(email), place=place, door=door, why=refusal.why)
        raise


def _counts(address: str, place: str) -> list[_Count]:
    of_address = rate_counters.name("log-in", address, place)
    of_place = rate_counters.name("log-in", place)
    counts = [
        _Count(of_address, settings.LOGIN_FAILURE_RATE, TooManyFailures),
        _Count(of_place, settings.LOGIN_FAILURES_PER_PLACE, TooManyFailuresHere),
    ]
    return [count for count in counts if is_limited(count.rate)]


def _judge(counts: list[_Count]) -> Allowance:
    """What is left for the address; raises what the first used-up rate refuses with."""
    allowances = rate_counters.read_each([(count.who, count.rate) for count in counts])
    for count, allowance in zip(counts, allowances, strict=True):
        if not allowance.left:
            raise count.refusal(allowance)
    return allowances[0]


def _count(counts: list[_Count]) -> Allowance:
    allowances = [rate_counters.count(count.who, count.rate) for count in counts]
    for count, allowance in zip(counts, allowances, strict=True):
        if allowance.is_overdrawn:
            raise count.refusal(allowance) from None
    return allowances[0]


def _named(email: str) -> str:
    """The account tried; what was typed is no part of a log, since it may be the password."""
    found = User.objects.filter(email=fold(email)).values_list("pk", flat=True).first()
    return f"user:{found}" if found else "nobody"
