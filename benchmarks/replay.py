"""`replay`: a real year of bookings through the verbs, compared with the driver writing the
outcome.
"""

import json
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks import worlds
from benchmarks.failing import Failed
from benchmarks.measuring import Figure, Result, Sample, Side, in_turn, ratio, rows_of
from benchmarks.options import Options
from benchmarks.services import Services, started
from benchmarks.worlds import environment, manage

UNITS = ("H=3",)
VENUE = "replay"

OURS, ALONE = "the verbs", "the bare driver (psycopg)"

_STEPS = """
SELECT name = 'reservation.created', reservation_id FROM reservations_event
WHERE name IN ('reservation.created', 'reservation.cancelled') ORDER BY id
"""
_LATER = "interval '3653 days'"
"""The driver's copies are later by this, so that both sides find their time free."""


def run(options: Options) -> Result:
    """Runs each pair on a database of its own."""
    if not options.file:
        raise Failed("Name the booking file with --file; `bin/manage replay` tells its columns.")
    facts: list[dict[str, int]] = []
    with started(keep=options.keep) as services:
        taken = in_turn(_sides(services, options, facts), options.pairs)
    told = facts[-1]
    return Result(
        name="replay",
        title=f"A year of {told['rows']:,} bookings replayed",
        figures=[
            ratio(
                "seconds of the verbs ÷ seconds of the driver writing what was accepted",
                taken[OURS],
                taken[ALONE],
                of=lambda sample: sample.elapsed,
                is_least=False,
            ),
            Figure(what="bookings refused", value=told["refused"]),
        ],
        rows=rows_of(taken),
        notes=[
            _outcome(told, options.units or UNITS),
            "The driver locks the rooms, and writes the same rows in as many transactions.",
        ],
    )


def _outcome(told: dict[str, int], units: Sequence[str]) -> str:
    counts = ", ".join(f"{told[name]:,} {name}" for name in ("accepted", "refused", "cancelled"))
    return f"Rooms: {', '.join(units)}; {counts} later."


def _sides(services: Services, options: Options, facts: list[dict[str, int]]) -> list[Side]:
    url = services.url("bench_replay")
    units = [f"--units={entry}" for entry in options.units or UNITS]

    def verbs() -> Sample:
        given = environment(url, services.redis)
        worlds.recreate(services, "bench_replay")
        manage(given, "migrate", "--verbosity", "0")
        told = manage(given, "replay", str(Path(options.file).resolve()), "--json", *units)
        facts.append(json.loads(told.splitlines()[-1]))
        actions = facts[-1]["accepted"] + facts[-1]["refused"] + facts[-1]["cancelled"]
        return Sample([facts[-1]["seconds"] / actions] * actions, facts[-1]["seconds"])

    def alone() -> Sample:
        with psycopg.connect(url, autocommit=True) as connection:
            steps = connection.execute(_STEPS).fetchall()
            copying, times = Copying(connection), list[float]()
            begun = time.perf_counter()
            for is_booking, key in steps:
                started_at = time.perf_counter()
                with connection.transaction():
                    (copying.book if is_booking else copying.cancel)(key)
                times.append(time.perf_counter() - started_at)
            return Sample(times, time.perf_counter() - begun)

    return [Side(OURS, verbs), Side(ALONE, alone)]


class Copying:
    """Writes the reservations of the history again, ten years later, one transaction each."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self.made: dict[int, int] = {}
        self.reservation = self._copy("reservations_reservation", code="left(md5(code), 12)")
        self.allocation = self._copy("reservations_allocation", reservation_id="%s", is_live="true")

    def book(self, key: int) -> None:
        """Locks the rooms of the category, then writes a reservation, its allocation
        and an event.
        """
        self.connection.execute(
            "SELECT id FROM venues_resource WHERE category_id = ("
            "SELECT category_id FROM reservations_reservation WHERE id = %s"
            ") ORDER BY id FOR NO KEY UPDATE",
            [key],
        ).fetchall()
        found = self.connection.execute(
            self.reservation + sql.SQL(" WHERE id = %s RETURNING id"), [key]
        ).fetchone()
        assert found is not None
        self.made[key] = found[0]
        # Somebody else may have the time of a reservation that was cancelled later.
        self.connection.execute(
            self.allocation
            + sql.SQL(
                " WHERE reservation_id = %s "
                "ON CONFLICT ON CONSTRAINT allocation_no_overlap DO NOTHING"
            ),
            [found[0], key],
        )
        self._record(found[0], "reservation.copied")

    def cancel(self, key: int) -> None:
        """Sets the fact, frees the allocation and writes an event."""
        copied = self.made[key]
        for statement in (
            "UPDATE reservations_reservation SET cancelled_at = now() WHERE id = %s",
            "UPDATE reservations_allocation SET is_live = false WHERE reservation_id = %s",
        ):
            self.connection.execute(statement, [copied])
        self._record(copied, "reservation.given_up")

    def _record(self, key: int, name: str) -> None:
        self.connection.execute(
            "INSERT INTO reservations_event (venue_id, reservation_id, name, at, recorded_at, by,"
            " by_kind, data, is_limited) SELECT venue_id, id, %s, now(), now(), 'replay', 'system',"
            " '{}', false FROM reservations_reservation WHERE id = %s",
            [name, key],
        )

    def _copy(self, table: str, **others: str) -> sql.Composed:
        """INSERT … SELECT of every column, with later times and `others` as given."""
        query = "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
        names = [row[0] for row in self.connection.execute(query, [table]) if row[0] != "id"]
        later = {name: f"{name} + {_LATER}" for name in ("starts_at", "ends_at")}
        chosen = {"cancelled_at": "NULL", **later, **others}
        values = [sql.SQL(chosen.get(name, name)) for name in names]
        return sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, names)),
            sql.SQL(", ").join(values),
            sql.Identifier(table),
        )
