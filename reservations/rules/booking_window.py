"""Notice, horizon, length of stay, choice of unit."""

from datetime import datetime

from django.utils.translation import gettext

from reservations.errors import Invalid, NoChoice, TooFar, TooLong, TooShort, TooSoon
from reservations.rules.modes import _length
from venues.hours import Window
from venues.models import Policy, Venue


def judge_policy(venue: Venue, window: Window, now: datetime) -> None:
    """Notice, horizon and length. Raises TooSoon, TooFar, TooShort or TooLong."""
    policy = venue.policy
    if window.start < now + policy.notice:
        raise TooSoon(earliest_start=now + policy.notice)
    if policy.horizon is not None and window.start > now + policy.horizon:
        raise TooFar(latest_start=now + policy.horizon)
    judge_length(venue, window)


def judge_length(venue: Venue, window: Window) -> None:
    """The shortest and the longest stay. Raises TooShort or TooLong."""
    policy, length = venue.policy, _length(venue, window)
    if policy.shortest_stay is not None and length < policy.shortest_stay:
        raise TooShort
    if policy.longest_stay is not None and length > policy.longest_stay:
        raise TooLong


def judge_choice(venue: Venue, resource: int | None) -> None:
    """Whether the caller may name the unit. Raises NoChoice."""
    if resource is not None and venue.policy.unit_choice == Policy.UnitChoice.VENUE:
        raise NoChoice


def judge_pair(venue: Venue, category: str | None, resource: int | None) -> None:
    """Whether a unit that is named is of the category named beside it. Raises Invalid."""
    if category is None or resource is None:
        return
    found = venue.resources.filter(pk=resource).values_list("category__code", flat=True).first()
    if found not in (None, category):
        raise Invalid(
            "resource",
            gettext("This unit is of category %(found)r, not %(category)r.")
            % {"found": found, "category": category},
        )
