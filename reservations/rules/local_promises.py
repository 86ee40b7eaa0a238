"""Keeps a range as it was promised, in local times, beside its instants.

The text is an interval with its zone, as `2027-05-19T09:00:00/2027-05-19T09:15:00[Europe/Paris]`.
When the rules of a zone change, the instants follow from it anew.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from venues import hours, time_zones
from venues.hours import Window


def told(window: Window, zone: ZoneInfo) -> str:
    """The range (UTC) in local times of the zone."""
    ends = (instant.astimezone(zone).replace(tzinfo=None) for instant in (window.start, window.end))
    return "/".join(end.isoformat() for end in ends) + f"[{zone.key}]"


def ending(text: str, end: datetime) -> str:
    """The promise with another end (UTC). The start stays as it was promised."""
    start, zone = text.partition("/")[0], zone_of(text)
    local = end.astimezone(zone).replace(tzinfo=None)
    return f"{start}/{local.isoformat()}[{text.partition('[')[2]}"


def zone_of(text: str) -> ZoneInfo:
    """The zone of a promise."""
    return time_zones.named(text.partition("[")[2].rstrip("]"))


def meant(text: str, near: Window) -> Window:
    """The range (UTC) that a promise means by the rules of this process.

    Of a time that clocks show twice, the one nearer to `near` counts.
    """
    zone = zone_of(text)
    start, end = text.partition("[")[0].split("/")
    return Window(_instant(start, near.start, zone), _instant(end, near.end, zone))


def _instant(text: str, near: datetime, zone: ZoneInfo) -> datetime:
    local = datetime.fromisoformat(text)
    found = hours.showings(local.date(), local.time(), zone)
    if not found:
        return hours.instant(local.date(), local.time(), zone)
    return min(found, key=lambda one: abs(one - near))
