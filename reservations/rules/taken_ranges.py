"""Says which range a booking takes on its unit: the range sold, with the policy's buffers.

Between two guests the longer of the two buffers is enough. So a booking takes its unit from its
start until the longer one after its end, and what comes before the first of a day is judged against
hours and closures. Where the policy adds buffers, a booking takes both.
"""

from datetime import datetime, timedelta

from venues.hours import Window
from venues.models import Policy


def time_before(policy: Policy) -> timedelta:
    """How long before its start a booking takes its unit."""
    return policy.buffer_before if policy.adds_buffers else timedelta(0)


def time_after(policy: Policy) -> timedelta:
    """How long after its end a booking takes its unit."""
    if policy.adds_buffers:
        return policy.buffer_after
    return max(policy.buffer_before, policy.buffer_after)


def preparation(policy: Policy) -> timedelta:
    """How long before its start a booking needs the unit open, though it takes no time there."""
    return timedelta(0) if policy.adds_buffers else policy.buffer_before


def taken_range(policy: Policy, window: Window, *, now: datetime | None = None) -> Window:
    """The range (UTC) that a booking of the window takes, buffers included.

    One that has begun at `now`, such as tonight's, is taken as if it began now, since nobody can
    use what has passed. None counts all of it, as for a stay that is entered afterwards.
    """
    start, end = window.start, window.end
    if now is not None and start < now < end:
        start = now
    return Window(start - time_before(policy), end + time_after(policy))
