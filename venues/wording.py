"""A venue's policy as it is told: numbers for machines, sentences for people."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings

from venues.models import Policy, Venue

_DURATIONS = (
    "notice", "horizon", "shortest_stay", "longest_stay", "default_length", "step", "slot_length",
    "buffer_before", "buffer_after", "hold_time", "early_check_in", "grace", "cancel_deadline",
)  # fmt: skip
_PLAIN = (
    "confirms_at_once", "records_arrival", "records_departure", "releases_no_shows",
    "unit_choice", "cancel_fee_percent", "prepayment",
)  # fmt: skip


def numbers(policy: Policy) -> dict[str, Any]:
    """The policy's values: durations in whole seconds, times as HH:MM."""
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
    }


def sentences(venue: Venue) -> list[str]:
    """What a guest should know before booking, in plain words."""
    return list(_sentences(venue, venue.policy))


def duration(length: timedelta) -> str:
    """A length in the largest units that say it exactly: `1 day`, `1 hour 30 minutes`."""
    seconds = int(length.total_seconds())
    parts = []
    for name, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}{'s' if count > 1 else ''}")
    return " ".join(parts) or "no time"


def _sentences(venue: Venue, policy: Policy) -> Iterator[str]:
    if venue.mode == Venue.Mode.NIGHT:
        arrive, leave = policy.check_in_time, policy.check_out_time
        yield f"Check in from {arrive:%H:%M}, check out by {leave:%H:%M}."
    if policy.notice:
        yield f"Book at least {duration(policy.notice)} ahead."
    if policy.horizon:
        yield f"Book at most {duration(policy.horizon)} ahead."
    if policy.longest_stay:
        yield f"Stay at most {duration(policy.longest_stay)}."
    if not policy.confirms_at_once:
        yield f"We hold your reservation for {duration(policy.hold_time)}; confirm it in that time."
    if policy.records_arrival and policy.releases_no_shows:
        yield f"We keep your place for {duration(policy.grace)} after the start."
    yield _cancelling(policy)
    if policy.unit_choice == Policy.UnitChoice.VENUE:
        yield "You are given the first place that is available."


def _cancelling(policy: Policy) -> str:
    if not policy.cancel_fee_percent:
        return "Cancelling is free until the start."
    fee = f"{policy.cancel_fee_percent}% of the price"
    return f"Cancelling is free until {duration(policy.cancel_deadline)} before; after that {fee}."


def _seconds(length: timedelta | None) -> int | None:
    return None if length is None else int(length.total_seconds())
