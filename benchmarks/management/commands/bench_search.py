"""Times the desk's search and look-ups by key in turn, for benchmarks/search.py."""

import json
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from desk.today import found
from reservations.models import Reservation
from venues.models import Venue

NAMES = 500
"""Family names of the seed."""


class Command(BaseCommand):
    help = "For python -m benchmarks alone: seconds of searches and look-ups, as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rounds", type=int, default=100)

    def handle(self, *args: Any, **options: Any) -> None:
        last = Reservation.objects.order_by("-pk").values_list("pk", flat=True)[0]
        venue = Reservation.objects.select_related("venue__policy").get(pk=last).venue
        taken: dict[str, list[float]] = {"search": [], "key": []}
        counts = []
        for number in range(options["rounds"]):
            began = perf_counter()
            counts.append(self._search(venue, number))
            between = perf_counter()
            Reservation.objects.select_related("venue__policy", "category").get(
                pk=1 + number * 611_953 % last
            )
            taken["search"].append(between - began)
            taken["key"].append(perf_counter() - between)
        self.stdout.write(json.dumps({**taken, "found": counts}))

    def _search(self, venue: Venue, number: int) -> int:
        asked = f"Jansen{number * 7 % NAMES:03}"
        return found.page_of(venue, asked, 1, now=timezone.now()).count
