"""Loads the demonstration data unless it is there, and prints its log-ins."""

from typing import Any

from django.core.management.base import BaseCommand

from config.demonstration import people


class Command(BaseCommand):
    help = "Loads the demonstration data once and prints its log-ins, each with its secret."

    def handle(self, *args: Any, **options: Any) -> None:
        log_ins = people.load()
        self.stdout.write("Log in as (demonstration data; log-in, then secret):")
        for log_in, secret in log_ins.items():
            self.stdout.write(f"{log_in} {secret}")
        self.stdout.flush()
