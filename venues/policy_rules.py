"""Says which values of a policy go against each other, so that they are refused at saving."""

from datetime import time, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext

from venues.kinds import Mode

if TYPE_CHECKING:
    # At run time the models import this module.
    from venues.models import Policy

DAY = timedelta(days=1)


def faults(policy: "Policy", mode: str) -> dict[str, str]:
    """What is wrong with a policy where time is sold like this, by field; {} when nothing is."""
    return {**_of_lengths(policy, mode), **(_of_nights(policy) if mode == Mode.NIGHT else {})}


def turnover(policy: "Policy") -> timedelta:
    """The time between two guests of a unit that the policy's buffers ask for."""
    if policy.adds_buffers:
        return policy.buffer_before + policy.buffer_after
    return max(policy.buffer_before, policy.buffer_after)


def _of_nights(policy: "Policy") -> dict[str, str]:
    arrive, leave = _since_midnight(policy.check_in_time), _since_midnight(policy.check_out_time)
    found = {}
    if arrive - leave < turnover(policy):
        found["check_in_time"] = gettext(
            "A room could not be sold two nights in a row: guests arrive before those of the night "
            "before have left and the buffers have passed. Let them arrive later or leave earlier."
        )
    if policy.last_arrival <= arrive:
        found["last_arrival"] = gettext("The last hour of arrival is after the check-in time.")
    elif policy.last_arrival > DAY + leave:
        found["last_arrival"] = gettext(
            "The last hour of arrival is at most the check-out time of the next day."
        )
    return found


def _of_lengths(policy: "Policy", mode: str) -> dict[str, str]:
    """Lengths with which nothing at all could be sold."""
    slot = policy.slot_length if mode == Mode.SLOT else None
    if slot is not None and slot > DAY:
        return {"slot_length": gettext("A slot is at most a day long, or nothing could be sold.")}
    shortest = policy.shortest_stay or timedelta(0)
    least = {
        Mode.NIGHT: max(DAY, shortest),
        Mode.SLOT: max(slot or shortest, shortest),
        Mode.TIME: max(policy.default_length or shortest, shortest),
    }[Mode(mode)]
    if policy.longest_stay is None or least <= policy.longest_stay:
        return {}
    return {
        "longest_stay": gettext(
            "The longest stay is shorter than what is sold here, so nothing could be sold."
        )
    }


def _since_midnight(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)
