"""Makes a change for each line of input and prints when it was committed, for
benchmarks/fanout.py.
"""

import sys
import time
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from guests.callers import system
from reservations import events
from reservations.inventory import closures
from venues.hours import Window
from venues.models import Resource

DESK = system("bench")


class Command(BaseCommand):
    help = "For python -m benchmarks alone: a closure for each line of input."

    def handle(self, *args: Any, **options: Any) -> None:
        committed: list[float] = []
        events.on_recorded(lambda _: committed.append(time.perf_counter()))
        unit = Resource.objects.order_by("pk")[0]
        start = timezone.now() + timedelta(days=500)
        self.stdout.write("ready")
        for number, _ in enumerate(iter(sys.stdin.readline, "")):
            hour = start + timedelta(hours=number)
            closures.close(
                venue_id=unit.venue_id,
                resource_ids=[unit.pk],
                window=Window(hour, hour + timedelta(hours=1)),
                reason="bench",
                by=DESK,
            )
            self.stdout.write(repr(committed[-1]))
            self.stdout.flush()
