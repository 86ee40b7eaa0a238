"""Puts reservations and closures right after the rules of a time zone have changed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from reservations.inventory import zone_changes
from venues import time_zones


class Command(BaseCommand):
    help = (
        "Keeps the local times that were promised when the rules of a time zone change: moves the "
        "instants, in one transaction for each venue, and lists what no longer fits."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say it, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        is_dry_run, moved, stuck, untold = options["dry_run"], 0, 0, 0
        for found in zone_changes.restate(is_dry_run=is_dry_run):
            moved, stuck = moved + len(found.moved), stuck + len(found.stuck)
            untold += len(found.untold)
            for word, ids in (
                ("moved", found.moved),
                ("do not fit, and stay as they are", found.stuck),
                ("have no local times, and stay as they are", found.untold),
            ):
                if ids:
                    self.stdout.write(f"{found.slug}: {len(ids)} {word}: {', '.join(ids)}")
        done = "would be moved" if is_dry_run else "moved"
        self.stdout.write(
            f"By the rules {time_zones.version()}: {moved} {done}, {stuck} do not fit."
        )
        if untold:
            self.stdout.write(
                f"{untold} were written without local times, by a version before 0.2. Nobody can"
                " tell which local time they promised, so their instants stay: their local times"
                " may have changed. Ask those guests, and move what is wrong at the desk."
            )
