"""Proves on the operator's own database that nothing is sold twice and nothing is lost."""

import logging
import signal
import tempfile
from argparse import SUPPRESS
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import randrange
from time import sleep
from types import FrameType
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from config import migrating
from config.monitoring import readiness
from config.proving import acting, checks, client, evidence, ground, journal, report
from config.proving.crowd import crowd
from config.proving.evidence import Evidence
from config.proving.ground import Ground
from reservations import clock


class Command(BaseCommand):
    help = (
        "Hammers a scratch venue in this database from many processes, then checks everything "
        "that was answered against everything that is there. Ends with 1 when a promise is broken."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--clients", type=int, help="processes; by default 8, on SQLite 4")
        parser.add_argument("--seconds", type=float, default=30, help="how long they play")
        parser.add_argument("--kills", type=int, default=3, help="clients that are killed midway")
        parser.add_argument("--seed", type=int, help="makes the same calls again")
        parser.add_argument("--keep", action="store_true", help="leave the venue to be looked at")
        # How `prove` starts its clients.
        parser.add_argument("--as-client", action="store_true", help=SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["as_client"]:
            client.play()
            return
        for name in ("clients", "seconds"):
            if options[name] is not None and options[name] <= 0:
                raise CommandError(f"--{name}: give a number above 0.")
        if connection.vendor == "sqlite":
            # As `serve` and `replay` do on a database of this machine.
            migrating.migrate_if_needed()
        if missing := migrating.pending():
            raise CommandError(
                f"The database lacks migrations, the first is {missing[0]}. Run: manage.py migrate"
            )
        signal.signal(signal.SIGTERM, _stop)
        # Nobody needs log lines about the scratch venue.
        logging.disable(logging.INFO)
        try:
            broken = self._prove(options)
        except KeyboardInterrupt:
            raise CommandError("Stopped; nothing is proven.", returncode=130) from None
        if broken:
            raise CommandError(f"Broken: {'; '.join(broken)}.")
        self.stdout.write("Proven: every promise was kept.")

    def _prove(self, options: dict[str, Any]) -> list[str]:
        """Returns the promises that were broken. [] if all were kept."""
        with ground.alone(), tempfile.TemporaryDirectory(prefix="holdfast-prove-") as folder:
            for slug in ground.remove_all():
                self.stdout.write(f"Removed {slug}, which an earlier run left.")
            with self._ground(keep=options["keep"]) as made:
                found = self._play(made, Path(folder), options)
                return self._judge(found)

    @contextmanager
    def _ground(self, *, keep: bool) -> Iterator[Ground]:
        made = ground.make()
        try:
            yield made
        finally:
            if keep:
                self.stdout.write(f"Kept as venue {made.slug}; the next prove removes it.")
            else:
                ground.remove(made.venue_id)

    def _play(self, made: Ground, folder: Path, options: dict[str, Any]) -> Evidence:
        clients = options["clients"] or (8 if connection.vendor == "postgresql" else 4)
        seed = randrange(10**6) if options["seed"] is None else options["seed"]  # noqa: S311
        units = ", ".join(f"{len(ids)} of {code}" for code, ids in made.units.items())
        self.stdout.write(
            f"{connection.vendor}, venue {made.slug} with {units}: {clients} clients for "
            f"{options['seconds']:g} s, --seed {seed}."
        )
        self.stdout.flush()
        with crowd(made, seed=seed, folder=folder) as gathered:
            gathered.play(clients=clients, seconds=options["seconds"], kills=options["kills"])
        calls = journal.read(gathered.journals())
        ground.come_back()
        # The last holds lapse during this.
        sleep(ground.HOLD_TIME.total_seconds())
        acting.sweep(made.venue_id)
        self.stdout.write(f"{gathered.killed} clients were killed, and others took their place.\n")
        if gathered.slow:
            self.stdout.write(
                f"{gathered.slow} clients did not end in time. What they did is judged as far as "
                "their journals go.\n"
            )
        return evidence.gather(made, calls, read_at=clock.now(), has_guard=readiness.is_guarded())

    def _judge(self, found: Evidence) -> list[str]:
        if not found.reservations:
            raise CommandError("Nothing was booked in that time: give it more --seconds.")
        broken = checks.judge(found)
        for line in report.counts(found.calls):
            self.stdout.write(line)
        self.stdout.write(f"Refused: {report.refusals(found.calls)}.")
        self.stdout.write(f"In the database: {report.found(found)}.\n")
        for line in report.verdict(broken):
            self.stdout.write(line)
        return [promise for promise, violations in broken.items() if violations]


def _stop(_: int, __: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
