"""Says how many deliveries wait, since when, and what failed; tries them again, or drops them."""

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count, Q

from notices import outgoing
from notices.models import Delivery
from notices.models.delivery import Channel, DeliveryQuerySet, Outcome
from notices.operations import backlogs
from reservations import clock


class Command(BaseCommand):
    help = "Counts what waits to be sent and what failed, by channel; can try again or drop."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--channel", choices=Channel.values)
        parser.add_argument("--kind", help="such as export.done")
        parser.add_argument("--venue", metavar="SLUG")
        parser.add_argument("--to", help="an address or number, or the id of an endpoint")
        parser.add_argument("--hours", type=int, help="only those made in the last so many hours")
        acts = parser.add_mutually_exclusive_group()
        acts.add_argument(
            "--retry", action="store_true", help="try again what failed, and at once what waits"
        )
        acts.add_argument("--drop", action="store_true", help="never send what waits")
        parser.add_argument(
            "--all", action="store_true", help="with --retry or --drop: without any filter"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = _chosen(options)
        if options["retry"] or options["drop"]:
            if not (options["all"] or any(options[name] for name in _FILTERS)):
                raise CommandError(f"Say which, by {', '.join(_FLAGS)}, or --all.")
            count = retry(found) if options["retry"] else drop(found)
            self.stdout.write(f"{count} {'are tried again' if options['retry'] else 'dropped'}.")
            return
        for line in _table(found, clock.now()):
            self.stdout.write(line)


_FILTERS = ("channel", "kind", "venue", "to", "hours")
_FLAGS = [f"--{name}" for name in _FILTERS]


def retry(found: DeliveryQuerySet) -> int:
    """Makes what failed due anew with all its tries, and what waits due now. Returns how many.

    What is useful no more stays as it is, and so does what a worker is trying now.
    """
    now = clock.now()
    useful = found.filter(Q(useful_until__isnull=True) | Q(useful_until__gt=now))
    failed = Q(outcome=Outcome.FAILED, done_at__isnull=False)
    waits = Q(done_at__isnull=True, claimed_by="")
    again = {"done_at": None, "outcome": Outcome.WAITING, "attempts": 0, "claimed_by": ""}
    count = useful.filter(failed | waits).update(**again, next_try_at=now)
    outgoing.wake()
    return count


def drop(found: DeliveryQuerySet) -> int:
    """Ends what waits, also what a worker is trying now. Returns how many."""
    ended = {"done_at": clock.now(), "outcome": Outcome.DROPPED, "claimed_by": ""}
    return found.waiting().update(**ended)


def _chosen(options: dict[str, Any]) -> DeliveryQuerySet:
    found = Delivery.objects.order_by()
    names = {"channel": "channel", "kind": "kind", "venue": "venue__slug", "to": "to"}
    given = {column: options[name] for name, column in names.items() if options[name]}
    if options["hours"]:
        given["created_at__gte"] = clock.now() - timedelta(hours=options["hours"])
    return found.filter(**given)


def _table(found: DeliveryQuerySet, now: datetime) -> list[str]:
    ended = dict[str, dict[str, int]]()
    done = found.filter(done_at__isnull=False).values("channel", "outcome")
    for row in done.annotate(number=Count("pk")):
        ended.setdefault(row["channel"], {})[row["outcome"]] = row["number"]
    lines = [f"{'channel':9}{'waiting':>9}{'due':>9}  {'due since':18}ended"]
    for channel, backlog in sorted(backlogs.by_channel(found).items()):
        counts = sorted(ended.get(channel, {}).items())
        told = ", ".join(f"{number} {outcome}" for outcome, number in counts)
        since = _ago(backlog.overdue(now)) if backlog.due_since else "-"
        lines.append(f"{channel:9}{backlog.waiting:>9}{backlog.due:>9}  {since:18}{told or '-'}")
    return lines


def _ago(length: timedelta) -> str:
    return f"{str(length).split('.', maxsplit=1)[0]} ago"
