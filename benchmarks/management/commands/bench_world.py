"""Fills a migrated, empty database, and opens a filled one; benchmarks/worlds.py runs it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from benchmarks import seeding


class Command(BaseCommand):
    help = "For python -m benchmarks alone: fills an empty database, or prints a partner's key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fill", type=int, metavar="ROWS")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["fill"] is not None:
            seeding.fill(options["fill"])
        else:
            self.stdout.write(seeding.issue_key())
