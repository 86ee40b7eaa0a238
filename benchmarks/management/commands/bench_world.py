"""Fills a migrated, empty database, and opens a filled one; benchmarks/worlds.py runs it."""

from argparse import ArgumentParser
from http import HTTPStatus
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks import seeding


class Command(BaseCommand):
    help = "For python -m benchmarks: fills an empty database, counts queries, or issues a key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fill", type=int, metavar="ROWS")
        parser.add_argument("--stay", type=int, metavar="MINUTES")
        parser.add_argument("--count", metavar="ADDRESS")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["fill"] is not None:
            seeding.fill(options["fill"], stay=options["stay"])
        elif options["count"] is not None:
            self.stdout.write(str(_queries(options["count"])))
        else:
            self.stdout.write(seeding.issue_key())


def _queries(address: str) -> int:
    """How many queries one answer takes."""
    with CaptureQueriesContext(connection) as captured:
        response = Client(headers={"host": "localhost"}).get(address)
    if response.status_code != HTTPStatus.OK:
        raise CommandError(f"{address} answered {response.status_code}.")
    return len(captured)
