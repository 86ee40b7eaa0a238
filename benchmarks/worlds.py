"""Seeded databases: made once for a number of rows, and copied for each run."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import psycopg
from psycopg import sql

from benchmarks.failing import Failed
from benchmarks.options import Options
from benchmarks.plan import SKIPPED_DAYS, STAY, World
from benchmarks.services import Services, folder, started

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Scene:
    """The stage of a benchmark: the services, the seeded data, and the database."""

    services: Services
    world: World
    url: str

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of a server for this database."""
        return environment(self.url, self.services.redis)

    def deadlocks(self) -> int:
        """Returns the number of deadlocks in the database so far."""
        query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        with psycopg.connect(self.url) as connection:
            found = connection.execute(query).fetchone()
        assert found is not None
        return int(found[0])


@contextmanager
def opened(options: Options) -> Iterator[Scene]:
    """Yields services, and a database of its own with as many reservations as the options say."""
    with started(keep=options.keep) as services, fresh(services, rows=options.rows) as scene:
        yield scene


@contextmanager
def fresh(
    services: Services, *, rows: int, stay: int = STAY, is_lapsed: bool = False
) -> Iterator[Scene]:
    """Yields a database of its own with this many reservations, copied from one that
    is made once.
    """
    suffix = f"{rows}_{'plan' if stay == STAY else 'half'}" + "_lapsed" * is_lapsed
    seed, name = f"bench_seed_{suffix}", f"bench_run_{suffix}"
    if not _is_usable(services, seed):
        _fill(services, seed, rows, "--stay", str(stay), *["--lapsed"] * is_lapsed)
    recreate(services, name, template=seed)
    url = services.url(name)
    given = environment(url, services.redis)
    # A kept database may lack the newest migration.
    manage(given, "migrate", "--verbosity", "0")
    key = manage(given, "bench_world").strip()
    yield Scene(services, _world(url, rows, stay, key), url)
    with psycopg.connect(services.database, autocommit=True) as connection:
        _drop(connection, name)


@contextmanager
def demonstration(services: Services) -> Iterator[str]:
    """Yields the URL of a database of its own with the demonstration data."""
    url = services.url("bench_demonstration")
    recreate(services, "bench_demonstration")
    manage(environment(url), "migrate", "--verbosity", "0")
    manage(environment(url), "load_demonstration")
    yield url
    with psycopg.connect(services.database, autocommit=True) as connection:
        _drop(connection, "bench_demonstration")


def environment(url: str = "", redis: str = "", *, data: Path | None = None) -> dict[str, str]:
    """Returns environment variables for a process of the product: database, Redis, test secrets.

    Without a URL, the database is an embedded one in `data`.
    """
    data = data or folder() / "data-dir"
    (data / "static").mkdir(parents=True, exist_ok=True)
    mine = {
        "DATA_DIR": str(data),
        "DATABASE_URL": url,
        "REDIS_URL": redis,
        "BROKER_URL": "",
        "SECRET_KEY": "s" * 50,
        "JWT_SECRET": "j" * 50,
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "HTTPS": "0",
        "DEMO": "0",
        # One partner books everything.
        **dict.fromkeys(
            ("HOLDS_PER_GUEST", "HOLDS_PER_KEY", "HOLDS_PER_ADDRESS", "PARTNER_RATE"), "0"
        ),
        # One machine watches all boards.
        **dict.fromkeys(("SOCKETS_PER_ADDRESS", "CONNECTIONS_PER_ADDRESS"), "0"),
        "LOG_FORMAT": "json",
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "settings.project",
    }
    return {**os.environ, **mine}


def manage(environment: dict[str, str], *arguments: str) -> str:
    """Runs a command of manage.py and returns its output. Raises Failed."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**environment, "DJANGO_SETTINGS_MODULE": "benchmarks.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failed(f"manage.py {' '.join(arguments)} failed: …{done.stderr[-1500:]}")
    return done.stdout


def recreate(services: Services, name: str, *, template: str = "template0") -> None:
    """Makes an empty database with this name, or a copy of another one."""
    with psycopg.connect(services.database, autocommit=True) as connection:
        _drop(connection, name)
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )


def _fill(services: Services, seed: str, rows: int, *more: str) -> None:
    begun = perf_counter()
    print(f"Seeding {rows:,} reservations …", flush=True)
    recreate(services, seed)
    given = environment(services.url(seed), services.redis)
    manage(given, "migrate", "--verbosity", "0")
    manage(given, "bench_world", "--fill", str(rows), *more)
    print(f"  done in {perf_counter() - begun:.0f} s", flush=True)


def _is_usable(services: Services, seed: str) -> bool:
    """Says whether the database was filled completely, and recently enough to have
    free time ahead.
    """
    try:
        with psycopg.connect(services.url(seed)) as connection:
            query = "SELECT min(starts_at) FROM reservations_allocation"
            first = connection.execute(query).fetchone()
    except psycopg.Error:
        return False
    limit = datetime.now(UTC) - timedelta(days=SKIPPED_DAYS - 1)
    return first is not None and first[0] is not None and first[0] > limit


def _drop(connection: psycopg.Connection, name: str) -> None:
    connection.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    )


def _world(url: str, rows: int, stay: int, key: str) -> World:
    query = """
        SELECT venue_id, category_id, min(id), count(*),
               (SELECT min(starts_at) FROM reservations_allocation),
               (SELECT revision FROM venues_venue WHERE id = venue_id)
        FROM venues_resource GROUP BY venue_id, category_id
    """
    with psycopg.connect(url) as connection:
        found = connection.execute(query).fetchone()
    assert found is not None
    venue, category, first_unit, units, base, revision = found
    return World(
        rows=rows, units=units, first_unit=first_unit, venue=venue, category=category,
        base=base, revision=revision, stay=stay, key=key,
    )  # fmt: skip
