"""Reads a file of a hotel's bookings, one booking a row.

The columns are those of Antonio, Almeida and Nunes, "Hotel booking demand datasets", Data in Brief
22 (2019) 41-49.
"""

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

_MONTHS = (
    "January February March April May June July August September October November December"
).split()

COLUMNS = (
    "arrival_date_year", "arrival_date_month", "arrival_date_day_of_month",
    "stays_in_weekend_nights", "stays_in_week_nights", "adults", "children", "babies",
    "reservation_status", "reservation_status_date", "reserved_room_type", "lead_time", "adr",
)  # fmt: skip

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
    hotel: str = ""
    """The hotel's name; empty in a file of one hotel, which needs no column for it."""


def read(path: Path) -> Iterator[FileRow]:
    """Yields the rows of a CSV file, which may be gzipped, numbered from 1.

    A column `hotel` is optional. Raises ValueError, which names the row or the missing columns and
    the reason, and OSError.
    """
    opening = gzip.open if path.suffix == ".gz" else open
    # Spreadsheets begin their files with a byte order mark.
    with opening(path, "rt", encoding="utf-8-sig", newline="") as file:
        number = 0
        try:
            rows = csv.DictReader(file)
            _check_columns(rows.fieldnames or ())
            for number, values in enumerate(rows, start=1):
                yield _row(number, values)
        except csv.Error as error:
            raise ValueError(f"row {number + 1} is not CSV: {error}") from error
        except zlib.error as error:
            raise ValueError(f"the file is damaged after row {number}") from error


def _check_columns(names: Sequence[str]) -> None:
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise ValueError(f"these columns are missing: {', '.join(missing)}")


def _row(number: int, values: dict[str, str]) -> FileRow:
    if None in values.values():
        raise ValueError(f"row {number} has fewer fields than the file has columns")
    try:
        return _read_row(number, values)
    except (KeyError, ValueError, TypeError) as error:
        raise ValueError(f"row {number} cannot be read: {error}") from error


def _read_row(number: int, values: dict[str, str]) -> FileRow:
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
        hotel=(values.get("hotel") or "").strip(),
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
