"""Describes a venue's policy: values for programs, sentences for people."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext, ngettext

from venues.models import Policy, Venue

_DURATIONS = (
    "notice", "horizon", "shortest_stay", "longest_stay", "default_length", "step", "slot_length",
    "buffer_before", "buffer_after", "hold_time", "early_check_in", "grace", "cancel_deadline",
    "leaving_grace",
)  # fmt: skip
_PLAIN = (
    "confirms_at_once", "records_arrival", "records_departure", "releases_no_shows",
    "unit_choice", "adds_buffers", "cancel_fee_percent", "guests_change_late", "prepayment",
)  # fmt: skip


def numbers(policy: Policy) -> dict[str, Any]:
    """The policy's values: durations in whole seconds or None, times as local HH:MM."""
    durations = {name: getattr(policy, name) for name in _DURATIONS}
    return {
        **{
            name: None if value is None else int(value.total_seconds())
            for name, value in durations.items()
        },
        **{name: getattr(policy, name) for name in _PLAIN},
        "state_change_rate": policy.state_change_rate or settings.STATE_CHANGE_RATE,
        "check_in_time": f"{policy.check_in_time:%H:%M}",
        "check_out_time": f"{policy.check_out_time:%H:%M}",
        "last_arrival": clock(policy.last_arrival),
    }


def sentences(venue: Venue) -> list[str]:
    """The policy's rules in plain words, for guests before they book, in the active language."""
    return list(_sentences(venue, venue.policy))


def duration(length: timedelta) -> str:
    """A length in words, by the largest units that are exact: `1 day`, `1 hour 30 minutes`.

    In the active language. Fractions of seconds are left out.
    """
    seconds = int(length.total_seconds())
    days, seconds = divmod(seconds, 86_400)
    hours, seconds = divmod(seconds, 3_600)
    minutes, seconds = divmod(seconds, 60)
    parts = (
        days and ngettext("%(count)s day", "%(count)s days", days) % {"count": days},
        hours and ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours},
        minutes and ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes},
        seconds and ngettext("%(count)s second", "%(count)s seconds", seconds) % {"count": seconds},
    )
    return " ".join(part for part in parts if part) or gettext("no time")


def clock(since_midnight: timedelta) -> str:
    """A time of the local clock as `HH:MM`, past midnight counted on: `24:00`, `26:30`."""
    hours, seconds = divmod(int(since_midnight.total_seconds()), 3_600)
    return f"{hours:02}:{seconds // 60:02}"


def _sentences(venue: Venue, policy: Policy) -> Iterator[str]:
    if venue.mode == Venue.Mode.NIGHT:
        yield from _arriving(policy)
    if policy.notice:
        yield gettext("Book at least %(length)s ahead.") % _length(policy.notice)
    if policy.horizon:
        yield gettext("Book at most %(length)s ahead.") % _length(policy.horizon)
    if policy.longest_stay and policy.longest_stay != policy.slot_length:
        yield gettext("Stay at most %(length)s.") % _length(policy.longest_stay)
    if not policy.confirms_at_once:
        text = gettext("We hold your reservation for %(length)s; confirm it in that time.")
        yield text % _length(policy.hold_time)
    if policy.records_arrival and policy.releases_no_shows:
        text = gettext("We keep your place for %(length)s after the start.")
        yield text % _length(policy.grace)
    yield from _cancelling(policy)
    if policy.per_day == Policy.PerDay.REPLACE:
        yield gettext("You may have one a day with each; booking a second gives up the first.")
    if policy.per_day == Policy.PerDay.REFUSE:
        yield gettext("You may have one a day with each; a second is refused.")
    if policy.unit_choice == Policy.UnitChoice.VENUE:
        yield gettext("You are given the first place that is available.")


def _arriving(policy: Policy) -> Iterator[str]:
    yield gettext("Check in from %(arrive)s, check out by %(leave)s.") % {
        "arrive": f"{policy.check_in_time:%H:%M}",
        "leave": f"{policy.check_out_time:%H:%M}",
    }
    if not policy.notice and policy.last_arrival != timedelta(days=1):
        yield gettext("Arrive by %(hour)s.") % {"hour": _hour(policy.last_arrival)}


def _cancelling(policy: Policy) -> Iterator[str]:
    if not policy.cancel_fee_percent:
        yield gettext("Cancelling is free until the start.")
        return
    text = gettext("Cancelling is free until %(length)s before; after that %(fee)s%% of the price.")
    yield text % {**_length(policy.cancel_deadline), "fee": policy.cancel_fee_percent}
    if not policy.guests_change_late:
        yield gettext("After that you can no longer change time and party yourself.")


def _hour(since_midnight: timedelta) -> str:
    days, rest = divmod(since_midnight, timedelta(days=1))
    hour = clock(rest)
    return gettext("%(hour)s the next day") % {"hour": hour} if days else hour


def _length(length: timedelta) -> dict[str, str]:
    return {"length": duration(length)}
