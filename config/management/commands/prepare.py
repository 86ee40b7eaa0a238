"""Prepares a database for serving: migrates it, checks it and loads the demonstration data."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from config.migrating import alone, migrate_if_needed


class Command(BaseCommand):
    help = "Migrates, checks the database, and loads the demonstration data unless DEMO=0."

    def handle(self, *args: Any, **options: Any) -> None:
        if migrate_if_needed():
            self.stdout.write("The database was brought up to date.")
        # Stops if the guard against double booking is missing.
        self.check(databases=["default"])
        if settings.DEMO:
            # The first of several loads the data, and the others find it.
            with alone():
                call_command("load_demonstration", stdout=self.stdout)
