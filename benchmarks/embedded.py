"""`embedded`: create on SQLite over HTTP and by the verb, compared with inserts of
the bare driver.
"""

import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db.backends.sqlite3._functions import register  # type: ignore[import-untyped]

from benchmarks import plan, serving
from benchmarks.bare import SQL
from benchmarks.create import CLIENTS
from benchmarks.measuring import Result, Sample, Side, in_turn, ratio, rows_of
from benchmarks.options import Options
from benchmarks.plan import STAY, Counter, World
from benchmarks.services import folder, free_port
from benchmarks.serving import Server
from benchmarks.worlds import environment, manage

MOST_ROWS = 20_000

OURS, VERB, ALONE = "Holdfast over HTTP", "the verb alone", "the bare driver (sqlite3)"


def run(options: Options) -> Result:
    """Runs all three sides on one file, with `synchronous = FULL`."""
    rows = min(MOST_ROWS, options.rows)
    with data_folder() as data:
        world = world_in(data, rows)
        with (
            served(data) as server,
            serving.load_apart(),
            closing(_connected(data)) as connection,
        ):
            taken = in_turn(_sides(data, server, world, connection, options), options.pairs)
    return Result(
        name="embedded",
        title=f"Create on SQLite, with {rows:,} reservations",
        figures=[
            ratio("embedded create over HTTP ÷ the driver", taken[OURS], taken[ALONE], goal=0.40),
            ratio("the verb alone ÷ the driver", taken[VERB], taken[ALONE], goal=0.40),
        ],
        rows=rows_of(taken),
        notes=[
            f"{CLIENTS} clients over HTTP to the one process that `bin/run` starts.",
            "The verb and the driver run in one thread; all commit with synchronous = FULL.",
        ],
    )


@contextmanager
def data_folder() -> Iterator[Path]:
    """Yields a folder on a disk for the data of a server."""
    # In the folder of kept databases, on a disk: memory would not be durable.
    folder().mkdir(mode=0o711, parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder()) as data:
        yield Path(data)


@contextmanager
def served(data: Path) -> Iterator[Server]:
    """Serves from a folder of data as `bin/run` does."""
    port = free_port()
    given = {**environment(data=data), "PORT": str(port), "HOST": "127.0.0.1"}
    command = [sys.executable, "manage.py", "serve"]
    with serving.running(command, given, port=port, cores=serving.SERVER) as server:
        yield server


def world_in(data: Path, rows: int) -> World:
    """Makes the tables in a folder, and fills them with so many reservations."""
    given = environment(data=data)
    manage(given, "migrate", "--verbosity", "0")
    facts = json.loads(manage(given, "bench_world", "--fill", str(rows), "--stay", str(STAY)))
    key = manage(given, "bench_world").strip()
    base = datetime.fromisoformat(facts.pop("base"))
    return World(rows=rows, units=plan.UNITS, base=base, key=key, **facts)


def _connected(data: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(data / "holdfast.sqlite3", isolation_level=None, timeout=30)
    # The functions that Django's constraints call.
    register(connection)
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
    )
    return connection


def _sides(
    data: Path, server: Server, world: World, connection: sqlite3.Connection, options: Options
) -> list[Side]:
    counter = Counter()
    requests = plan.creates(world, counter)
    statements = (SQL / "create_sqlite.sql").read_text(encoding="utf-8").split(";\n")

    def over_http() -> Sample:
        return server.drive(requests, clients=CLIENTS, seconds=options.seconds, expected=201)

    def verb() -> Sample:
        first = counter.block(round(10_000 * options.seconds))
        facts = {"rows": world.rows, "first_unit": world.first_unit, "base": world.base.isoformat()}
        asked = json.dumps({**facts, "first": first, "seconds": options.seconds})
        told = json.loads(manage(environment(data=data), "bench_world", "--hold", asked))
        return Sample(told, sum(told))

    def alone() -> Sample:
        times, begun = list[float](), time.perf_counter()
        while time.perf_counter() - begun < options.seconds:
            unit, start = world.slot(counter.block(1))
            started = time.perf_counter()
            _write(connection, statements, world, unit, start)
            times.append(time.perf_counter() - started)
        return Sample(times, time.perf_counter() - begun)

    return [Side(OURS, over_http), Side(VERB, verb), Side(ALONE, alone)]


def _write(
    connection: sqlite3.Connection, statements: list[str], world: World, unit: int, start: datetime
) -> None:
    now = datetime.now(UTC)
    values = {
        "venue": world.venue,
        "category": world.category,
        "unit": unit,
        "starts_at": _text(start),
        "ends_at": _text(start + timedelta(minutes=STAY)),
        "no_show_at": _text(start + timedelta(hours=1)),
        "now": _text(now),
        "lapses_at": _text(now + timedelta(days=1)),
    }
    for statement in statements:
        connection.execute(statement, values)


def _text(instant: datetime) -> str:
    """The text of an instant as Django stores it in SQLite."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
