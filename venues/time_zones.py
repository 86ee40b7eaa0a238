"""The time zones that a venue may have: those of the `tzdata` package, whatever the machine has."""

import logging
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

log = logging.getLogger(__name__)

NO_PLACES = frozenset({"Factory", "localtime", "posixrules"})
"""Names that mean "not set", or whatever one machine is set to."""


@cache
def time_zones() -> frozenset[str]:
    """The names of all zones, aliases too. Read once for each process."""
    names = files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    return frozenset(names) - NO_PLACES


def is_time_zone(name: str) -> None:
    """Raises ValidationError for a name that is not in the IANA database, or is no place."""
    if name not in time_zones():
        raise ValidationError(f"{name} is not an IANA time zone such as Europe/Amsterdam.")


@cache
def version() -> str:
    """The version of the rules that this process goes by, such as 2026a."""
    return _rules().partition("\n")[0].rpartition(" ")[2]


@cache
def named(name: str) -> ZoneInfo:
    """The zone of this name; UTC for a name that this process does not know.

    One row with an unknown zone must not break a list. `is_known` says that its times are wrong.
    """
    if name in time_zones():
        return ZoneInfo(name)
    log.error("No time zone %r is known here; its times are told in UTC.", name)
    return ZoneInfo("UTC")


def is_known(name: str) -> bool:
    """True when this process has the rules of the zone."""
    return name in time_zones()


def is_same_zone(one: str, other: str) -> bool:
    """True when both names mean one zone, such as Asia/Calcutta and Asia/Kolkata."""
    return one == other or _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return _aliases().get(name, name)


@cache
def _aliases() -> dict[str, str]:
    """By alias, the zone that it stands for."""
    rows = (line.split() for line in _rules().splitlines() if line.startswith("L "))
    links = {alias: target for _, target, alias in rows}
    # An alias may stand for another alias.
    return {alias: links.get(target, target) for alias, target in links.items()}


def _rules() -> str:
    """The source of the rules, which begins with its version."""
    return files("tzdata").joinpath("zoneinfo", "tzdata.zi").read_text(encoding="utf-8")
