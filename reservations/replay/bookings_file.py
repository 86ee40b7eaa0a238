"""Reads a file of a hotel's bookings, one booking a row.

The columns are those of Antonio, Almeida and Nunes, "Hotel booking demand datasets", Data in Brief
22 (2019) 41-49.
"""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

_MONTHS = (
    "January February March April May June July August September October November December"
).split()

CAME, NEVER_CAME = "Check-Out", "No-Show"
"""The file's words for a guest who stayed, and for one who did not come."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """One booking of the file: the nights `[arrival, departure)`, when it was made and cancelled.

    `number` counts from 1. `cancelled_on` is None for a booking that was not cancelled. `faults`
    says why a row is not valid; () for a valid row.
    """

    number: int
    category: str
    made_on: date
    arrival: date
    departure: date
    party: int
    cancelled_on: date | None
    outcome: str
    faults: tuple[str, ...]


def read(path: Path) -> Iterator[FileRow]:
    """Yields the rows of a CSV file, which may be gzipped, numbered from 1.

    Raises ValueError, which names the row and the reason, and OSError.
    """
    opening = gzip.open if path.suffix == ".gz" else open
    with opening(path, "rt", encoding="utf-8", newline="") as file:
        for number, values in enumerate(csv.DictReader(file), start=1):
            try:
                yield _row(number, values)
            except (KeyError, ValueError, TypeError) as error:
                raise ValueError(f"row {number} cannot be read: {error}") from error


def _row(number: int, values: dict[str, str]) -> FileRow:
    arrival = date(
        int(values["arrival_date_year"]),
        _MONTHS.index(values["arrival_date_month"]) + 1,
        int(values["arrival_date_day_of_month"]),
    )
    nights = int(values["stays_in_weekend_nights"]) + int(values["stays_in_week_nights"])
    party = sum(_count(values[name]) for name in ("adults", "children", "babies"))
    given_up = values["reservation_status"] == "Canceled"
    return FileRow(
        number=number,
        category=values["reserved_room_type"].strip(),
        made_on=arrival - timedelta(days=int(values["lead_time"])),
        arrival=arrival,
        departure=arrival + timedelta(days=nights),
        party=party,
        cancelled_on=(
            datetime.fromisoformat(values["reservation_status_date"]).date() if given_up else None
        ),
        outcome=values["reservation_status"],
        faults=_faults(nights, party, float(values["adr"])),
    )


def _faults(nights: int, party: int, daily_rate: float) -> tuple[str, ...]:
    found = {
        "no_nights": nights <= 0,
        "no_guests": party <= 0,
        "negative_price": daily_rate < 0,
    }
    return tuple(name for name, is_so in found.items() if is_so)


def _count(text: str) -> int:
    return 0 if text in ("", "NA", "NULL") else int(float(text))
