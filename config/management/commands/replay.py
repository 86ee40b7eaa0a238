"""Plays the booking history of a hotel through the engine and reports the outcome."""

import json
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from config.migrating import migrate_if_needed
from reservations.replay import bookings_file, history
from reservations.replay.bookings_file import FileRow
from reservations.replay.history import Report
from venues.models import Venue
from venues.time_zones import is_time_zone


class Command(BaseCommand):
    help = "Plays a hotel's booking history (CSV, also gzipped) through the engine's own verbs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="columns as in the hotel booking demand data")
        parser.add_argument(
            "--units",
            action="append",
            required=True,
            metavar="TYPE=COUNT",
            help="rooms of a type; once for each type that is to be played",
        )
        parser.add_argument("--hotel", help="which hotel, where the file has bookings of several")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")
        parser.add_argument("--time-zone", default="Europe/Lisbon", help="of the hotel")
        parser.add_argument("--venue", default="replay", help="slug of the hotel that is made")

    def handle(self, *args: Any, **options: Any) -> None:
        units = _units(options["units"])
        rows = _rows(options["file"], units, options["hotel"])
        _check_zone(options["time_zone"])
        migrate_if_needed()
        slug = _free_slug(options["venue"])
        hotel = history.make_hotel(slug=slug, units=units, time_zone=options["time_zone"])
        began = time.monotonic()
        report = self._play(hotel, rows)
        seconds = round(time.monotonic() - began, 1)
        night, rooms = history.peak_night(hotel)
        peak = {"date": night.isoformat() if night else None, "rooms": rooms}
        facts = {"venue": slug, **asdict(report), "peak_night": peak, "seconds": seconds}
        self.stdout.write(_words(facts))
        if options["json"]:
            self.stdout.write(json.dumps(facts))

    def _play(self, hotel: Venue, rows: list[FileRow]) -> Report:
        report = Report()
        total = sum(not row.faults for row in rows)
        with tqdm(total=total, unit="booking", desc=f"Playing into {hotel.slug}") as bar:
            for report in history.play(hotel, rows):
                done = report.accepted + report.refused
                bar.update(done - bar.n)
        return report


def _units(given: Iterable[str]) -> dict[str, int]:
    units = {}
    for entry in given:
        code, _, count = entry.partition("=")
        if not code.isalnum() or not count.isdecimal() or not 1 <= int(count) <= 10_000:
            raise CommandError(f"--units {entry}: give TYPE=COUNT with a count from 1 to 10000.")
        if code in units:
            raise CommandError(f"--units {code} is given twice.")
        units[code] = int(count)
    return units


def _rows(path: Path, units: dict[str, int], hotel: str | None) -> list[FileRow]:
    try:
        every = list(bookings_file.read(path))
    except (OSError, ValueError, EOFError) as error:
        raise CommandError(f"{path} cannot be played: {error}") from error
    rows = [row for row in every if row.category in units]
    if not rows:
        raise CommandError(f"{path} has no bookings of {', '.join(units)}.")
    return _of_hotel(path, rows, hotel)


def _of_hotel(path: Path, rows: list[FileRow], wanted: str | None) -> list[FileRow]:
    """The rows of one hotel. Types of rooms of several hotels have the same names."""
    hotels = sorted({row.hotel for row in rows})
    named = ", ".join(hotels)
    if wanted is None and len(hotels) > 1:
        raise CommandError(f"{path} has several hotels: {named}. Choose one with --hotel.")
    if wanted is not None and wanted not in hotels:
        raise CommandError(f"{path} has no such bookings of {wanted!r}, only of {named or 'one'}.")
    return [row for row in rows if wanted in (None, row.hotel)]


def _check_zone(name: str) -> None:
    try:
        is_time_zone(name)
    except Exception as error:
        raise CommandError(f"--time-zone: {name} is not an IANA time zone.") from error


def _free_slug(wanted: str) -> str:
    slug, number = wanted, 1
    while Venue.objects.filter(slug=slug).exists():
        number += 1
        slug = f"{wanted}-{number}"
    return slug


def _words(facts: dict[str, Any]) -> str:
    reasons = ", ".join(f"{name} {count}" for name, count in facts["reasons"].items()) or "none"
    peak = facts["peak_night"]
    return (
        f"{facts['rows']} rows: {facts['accepted']} accepted, {facts['refused']} refused, "
        f"{facts['invalid']} invalid ({reasons}), {facts['cancelled']} cancelled later, "
        f"{facts['missed']} never came.\n"
        f"Peak night {peak['date']} with {peak['rooms']} rooms. "
        f"{facts['seconds']} s. Kept as venue {facts['venue']}."
    )
