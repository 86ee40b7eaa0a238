"""Says the evening words that are due: `manage.py evening_word [--dry-run]`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from notices.scheduled import evening_words
from reservations import clock


class Command(BaseCommand):
    help = "Adds the evening words that are due; --dry-run lists who would get one now, and why."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="list, and send nothing")

    def handle(self, *args: Any, dry_run: bool = False, **options: Any) -> None:
        if not dry_run:
            self.stdout.write(f"{evening_words.sweep()} evening words.")
            return
        for user, following, verdict in evening_words.judged(clock.now()):
            would = "yes" if verdict.is_due else "no"
            when = f"{following.at:%Y-%m-%d %H:%M} UTC"
            said = f"{user.email}: {would}, {verdict.why}; {user.evening_channel}, next {when}"
            self.stdout.write(said)
