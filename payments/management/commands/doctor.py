"""Compares the money of all reservations with the ledger."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from payments import doctor, provider_audit
from payments.documents import audits
from payments.outside import overdue
from reservations import clock


class Command(BaseCommand):
    help = (
        "Compares what reservations say was paid, is due and was charged with the ledger, and "
        "looks for gaps and wrong sums of documents. Prints each difference with its ids, and "
        "fails if there is one. Asks providers what they hold, and lists what has waited for them "
        "for more than an hour."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--repair",
            action="store_true",
            help="set what was paid to what the ledger says; prices and fees are for people",
        )

        parser.add_argument(
            "--days",
            type=int,
            default=90,
            help="how old a payment by card may be of which the provider is asked; 90",
        )

    def handle(self, *args: Any, repair: bool, **options: Any) -> None:
        """Prints the differences. Raises CommandError unless all are repaired."""
        left = 0
        if not doctor.is_guarded():
            left += 1
            self.stdout.write("the ledger is not guarded: rows can be changed and deleted")
        for found in list(doctor.differences()):
            # What is due follows from what was paid.
            follows = found.figure == "due"
            is_repaired = repair and doctor.repair(found)
            left += not is_repaired and not (repair and follows)
            self.stdout.write(f"{found}{' (repaired)' if is_repaired else ''}")
        since = clock.now() - timedelta(days=options["days"])
        for told in provider_audit.differences(since=since):
            left += 1
            self.stdout.write(told)
        for told in overdue.told(clock.now()):
            left += 1
            self.stdout.write(told)
        faults = list(audits.faults())
        for fault in faults:
            self.stdout.write(fault)
        if left:
            raise CommandError(f"{left} differences between reservations, ledger and providers.")
        if faults:
            raise CommandError(f"{len(faults)} faults of documents.")
        self.stdout.write("Reservations and ledger agree.")
