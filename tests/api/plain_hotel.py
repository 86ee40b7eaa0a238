"""What a hotel's file of bookings says by plain counting: a reader of rows and some dictionaries.

It imports nothing of the project, and must not: it is what the project is held against.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

MONTHS = (
    "January February March April May June July August September October November December"
).split()
CHECK_IN, CHECK_OUT = time(15), time(11)
QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)


def bookings(path: Path, units: dict[str, int]) -> list[dict[str, Any]]:
    """Those that make sense, of the types asked for, in the order of the file."""
    opening = gzip.open if path.suffix == ".gz" else open
    with opening(path, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    found = []
    for row in rows:
        arrival = date(
            int(row["arrival_date_year"]),
            MONTHS.index(row["arrival_date_month"]) + 1,
            int(row["arrival_date_day_of_month"]),
        )
        nights = int(row["stays_in_weekend_nights"]) + int(row["stays_in_week_nights"])
        heads = sum(
            0 if row[name] in ("NA", "NULL", "") else int(float(row[name]))
            for name in ("adults", "children", "babies")
        )
        kind = row["reserved_room_type"].strip()
        if kind in units and nights > 0 and heads > 0 and float(row["adr"]) >= 0:
            gone = row["reservation_status_date"]
            found.append(
                {
                    "type": kind,
                    "made": arrival - timedelta(days=int(row["lead_time"])),
                    "arrival": arrival,
                    "departure": arrival + timedelta(days=nights),
                    "nights": [arrival + timedelta(days=night) for night in range(nights)],
                    "end": row["reservation_status"],
                    "gone": date.fromisoformat(gone[:10]),
                }
            )
    return found


def taken_in(path: Path, units: dict[str, int]) -> list[dict[str, Any]]:
    """Those that found a room and kept it."""
    steps = []
    for number, row in enumerate(bookings(path, units)):
        steps.append((row["made"], 1, number, row))
        if row["end"] == "Canceled":
            gone = max(row["gone"], row["made"])
            steps.append((gone, 0 if gone > row["made"] else 2, number, row))
    taken: dict[tuple[str, date], int] = defaultdict(int)
    inside: dict[int, dict[str, Any]] = {}
    for _, turn, number, row in sorted(steps, key=lambda step: step[:3]):
        places = [(row["type"], night) for night in row["nights"]]
        if turn == 1 and all(taken[place] < units[row["type"]] for place in places):
            inside[number] = row
            for place in places:
                taken[place] += 1
        elif turn != 1 and number in inside:
            del inside[number]
            for place in places:
                taken[place] -= 1
    return list(inside.values())


def occupancy(
    stays: list[dict[str, Any]], units: dict[str, int], zone: ZoneInfo, start: datetime, days: int
) -> list[dict[str, float]]:
    """The share of room-time taken in each 24 hours from `start`: "all", and by type."""
    seconds = [dict.fromkeys(units, 0.0) for _ in range(days)]
    for stay in stays:
        begin, end = instants(stay, zone)
        for day in range(days):
            at = start + day * DAY
            overlap = (min(end, at + DAY) - max(begin, at)).total_seconds()
            seconds[day][stay["type"]] += max(0.0, overlap)
    shares = []
    for found in seconds:
        share = {kind: found[kind] / (86_400 * count) for kind, count in units.items()}
        share["all"] = sum(found.values()) / (86_400 * sum(units.values()))
        shares.append(share)
    return shares


def stats(
    stays: list[dict[str, Any]], zone: ZoneInfo, start: datetime, end: datetime
) -> dict[str, Any]:
    """Room-hours by local hour and weekday, the fullest hours, and the share that never came."""
    hours, weekdays = [0.0] * 24, [0.0] * 7
    begun = [stay for stay in stays if start <= instants(stay, zone)[0] < end]
    for stay in stays:
        for moment in quarters(stay, zone):
            if start <= moment < end:
                local = moment.astimezone(zone)
                hours[local.hour] += 0.25
                weekdays[local.weekday()] += 0.25
    never = sum(stay["end"] == "No-Show" for stay in begun)
    return {
        "reservations": len(begun),
        "by_hour": hours,
        "by_weekday": weekdays,
        "peak_hours": [hour for hour in range(24) if hours[hour] == max(hours)],
        "no_show_share": never / len(begun),
    }


def instants(stay: dict[str, Any], zone: ZoneInfo) -> tuple[datetime, datetime]:
    begin = datetime.combine(stay["arrival"], CHECK_IN, zone)
    end = datetime.combine(stay["departure"], CHECK_OUT, zone)
    return begin.astimezone(UTC), end.astimezone(UTC)


def quarters(stay: dict[str, Any], zone: ZoneInfo) -> Iterator[datetime]:
    moment, end = instants(stay, zone)
    while moment < end:
        yield moment
        moment += QUARTER
