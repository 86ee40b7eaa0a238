"""What a range costs, worked out slowly: a clock that ticks once a minute, and a list of charges.

It shares no code with the product. Ranges begin and end on whole minutes.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import cache
from zoneinfo import ZoneInfo

from freezegun.api import real_datetime

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class PlainRate:
    """A rate. `amount`, `least` and `most` are in minor units; weekdays count from Monday, 0."""

    unit: str
    amount: int
    first: date = date.min
    last: date = date.max
    weekdays: str = "0123456"
    opens: time | None = None
    closes: time | None = None
    least: int = 0
    most: int | None = None
    free: int = 0
    long: int = 0


def price(tariff: list[PlainRate], start: datetime, end: datetime, zone: ZoneInfo) -> int:
    """The price in whole minor units: the exact one, of which a half is rounded up."""
    return int(exact(tariff, start, end, zone) + Fraction(1, 2))


def exact(tariff: list[PlainRate], start: datetime, end: datetime, zone: ZoneInfo) -> Fraction:
    """The price in minor units, not rounded."""
    return _counted(tuple(tariff), _plainly(start), _plainly(end), zone)


def _plainly(instant: datetime) -> datetime:
    """The instant as Python's own type: a stopped clock's takes four times as long to tick."""
    return real_datetime.fromtimestamp(instant.timestamp(), UTC)


@cache
def _counted(
    tariff: tuple[PlainRate, ...], start: datetime, end: datetime, zone: ZoneInfo
) -> Fraction:
    arrive, leave = start.astimezone(zone).date(), end.astimezone(zone).date()
    nights = (leave - arrive).days
    hours = (end - start).total_seconds() / 3600
    offered = [one for one in tariff if (nights if one.unit == "night" else hours) >= one.long]
    charges: list[tuple[PlainRate, date | None, Fraction]] = []
    slept = {
        day: one
        for day in (arrive + number * DAY for number in range(nights))
        if (one := _of_night(offered, day)) is not None and one.unit == "night"
    }
    timed = [one for one in offered if one.unit != "night"]
    at_first = _at(timed, start.astimezone(zone))
    paid_until = start + (at_first.free if at_first else 0) * MINUTE
    used: set[date] = set()
    moment = start
    while moment < end:
        local = moment.astimezone(zone)
        night = _night(local, arrive, leave)
        if night in slept:
            if night not in used:
                used.add(night)
                charges.append((slept[night], None, Fraction(slept[night].amount)))
            moment += MINUTE
            continue
        one = _at(timed, local)
        if one is None:
            pass
        elif one.unit == "flat":
            window = _service_day(one, local) if one.opens else None
            is_charged = (
                any(other.unit == "flat" and other.opens is None for other, _, _ in charges)
                if window is None
                else any(other is one and day == window for other, day, _ in charges)
            )
            is_free = not charges and moment < paid_until
            if not is_charged and not is_free:
                charges.append((one, window, Fraction(one.amount)))
        elif moment >= paid_until:
            if one.unit == "started_hour":
                paid_until = moment + 60 * MINUTE
                charges.append((one, local.date(), Fraction(one.amount)))
            else:
                charges.append((one, local.date(), Fraction(one.amount, 60)))
        moment += MINUTE
    total = _capped(charges)
    return max(total, Fraction(charges[0][0].least)) if charges else total


def _capped(charges: list[tuple[PlainRate, date | None, Fraction]]) -> Fraction:
    sums: dict[tuple[int, date | None], Fraction] = {}
    total = Fraction(0)
    for one, day, amount in charges:
        if one.unit in ("night", "flat"):
            total += amount
        else:
            key = (id(one), day)
            sums[key] = sums.get(key, Fraction(0)) + amount
    caps = {id(one): one.most for one, _, _ in charges}
    for (which, _), amount in sums.items():
        cap = caps[which]
        total += amount if cap is None else min(amount, Fraction(cap))
    return total


def _night(local: datetime, arrive: date, leave: date) -> date:
    """The night to which a moment belongs: from noon to noon, the first from the arrival on."""
    day = local.date() if local.hour >= 12 else local.date() - DAY
    return min(max(day, arrive), max(leave - DAY, arrive))


def _at(tariff: list[PlainRate], local: datetime) -> PlainRate | None:
    fitting = [one for one in tariff if _covers(one, local)]
    return min(fitting, key=_width, default=None)


def _of_night(tariff: list[PlainRate], day: date) -> PlainRate | None:
    fitting = [
        one for one in tariff if (one.unit == "night" or one.opens is None) and _dated(one, day)
    ]
    return min(fitting, key=_width, default=None)


def _covers(one: PlainRate, local: datetime) -> bool:
    if one.opens is not None and one.closes is not None:
        clock = local.time()
        inside = (
            one.opens <= clock < one.closes
            if one.opens < one.closes
            else clock >= one.opens or clock < one.closes
        )
        if not inside:
            return False
    return _dated(one, _service_day(one, local))


def _service_day(one: PlainRate, local: datetime) -> date:
    is_past_midnight = (
        one.opens is not None
        and one.closes is not None
        and one.closes <= one.opens
        and local.time() < one.closes
    )
    return local.date() - DAY if is_past_midnight else local.date()


def _dated(one: PlainRate, day: date) -> bool:
    return one.first <= day <= one.last and str(day.weekday()) in one.weekdays


def _width(one: PlainRate) -> tuple[timedelta, int, bool, int, int]:
    units = ["night", "hour", "started_hour", "flat"]
    return (
        one.last - one.first,
        len(one.weekdays),
        one.opens is None,
        -one.long,
        units.index(one.unit),
    )
