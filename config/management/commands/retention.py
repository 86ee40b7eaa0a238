"""Blanks the guests of stays that ended long ago, or says how many there are."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from notices.scheduled import erasure_notices
from reservations.privacy import retention


class Command(BaseCommand):
    help = "Takes guests out of stays older than RETENTION_DAYS; the schedule does it each night."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count, by venue and table")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.RETENTION_DAYS:
            self.stdout.write("RETENTION_DAYS is not set: everything is kept.")
        elif options["dry_run"]:
            self._count()
        else:
            told = erasure_notices.sweep()
            if told:
                self.stdout.write(f"{told} reservations: their guests are told first.")
            self.stdout.write(_words(retention.blank_old()) or "Nothing is old enough.")

    def _count(self) -> None:
        found = False
        for slug, counts in retention.preview():
            found = True
            self.stdout.write(f"{slug}: {_words(counts)}")
        if not found:
            self.stdout.write("Nothing is old enough.")


def _words(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())
