"""Sends the reports of a month: `manage.py monthly_report [--month YYYY-MM] [--dry-run]`."""

from argparse import ArgumentParser
from datetime import date, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from guests import emails
from guests.models import User
from notices.scheduled import monthly_reports
from reservations import clock


class Command(BaseCommand):
    help = (
        "Sends the parking reports of a month, once to each person, also after the seventh. "
        "--dry-run says who would get one, and why."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--month", help="YYYY-MM; by default the month before this one")
        parser.add_argument("--user", help="the e-mail address of one person")
        parser.add_argument("--dry-run", action="store_true", help="list, and send nothing")

    def handle(
        self,
        *args: Any,
        month: str | None = None,
        user: str | None = None,
        dry_run: bool = False,
        **options: Any,
    ) -> None:
        first = _first(month)
        only = None
        if user:
            if not User.objects.filter(email=emails.fold(user)).exists():
                raise CommandError(f"There is nobody with the address {user}.")
            only = Q(email=emails.fold(user))
        judge = monthly_reports.judged if dry_run else monthly_reports.send
        found = list(judge(first, only=only))
        for one in found:
            self.stdout.write(f"{one.user.email}: {'yes' if one.is_due else 'no'}, {one.why}")
        if user and not found:
            self.stdout.write(f"{emails.fold(user)}: no, was in no lot in that month")
        count = sum(one.is_due for one in found)
        verb = "would get" if dry_run else "get"
        self.stdout.write(f"{count} {verb} the report of {first:%Y-%m}.")


def _first(month: str | None) -> date:
    if month is None:
        return (clock.now().date().replace(day=1) - timedelta(days=1)).replace(day=1)
    try:
        return datetime.strptime(month, "%Y-%m").date()  # noqa: DTZ007 - a month has no zone
    except ValueError:
        raise CommandError("Write the month as 2026-10.") from None
