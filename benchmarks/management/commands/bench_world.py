"""Runs inside the product for the benchmarks: fills a database, sweeps it, counts queries."""

import json
from argparse import ArgumentParser
from http import HTTPStatus
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks import seeding
from reservations import sweeps


class Command(BaseCommand):
    help = "For python -m benchmarks: fills a database, sweeps, counts queries, or issues a key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fill", type=int, metavar="ROWS")
        parser.add_argument("--stay", type=int, metavar="MINUTES")
        parser.add_argument("--lapsed", action="store_true")
        parser.add_argument("--sweep", action="store_true")
        parser.add_argument("--hold", metavar="JSON")
        parser.add_argument("--count", metavar="ADDRESS")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["fill"] is not None:
            facts = seeding.fill(options["fill"], stay=options["stay"], is_lapsed=options["lapsed"])
            self.stdout.write(json.dumps(facts))
        elif options["hold"] is not None:
            self.stdout.write(json.dumps(seeding.hold(json.loads(options["hold"]))))
        elif options["sweep"]:
            begun = perf_counter()
            swept = sweeps.expire_holds()
            self.stdout.write(f"{swept} {perf_counter() - begun}")
        elif options["count"] is not None:
            self.stdout.write(str(_queries(options["count"])))
        else:
            self.stdout.write(seeding.issue_key())


def _queries(address: str) -> int:
    """Returns the number of queries for one answer."""
    with CaptureQueriesContext(connection) as captured:
        response = Client(headers={"host": "localhost"}).get(address)
    if response.status_code != HTTPStatus.OK:
        raise CommandError(f"{address} answered {response.status_code}.")
    return len(captured)
