"""`create`: reservations per second over HTTP, without contention, in a year that is well sold."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib.util import find_spec

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from benchmarks import plan, serving, worlds
from benchmarks.bare import pgbench
from benchmarks.failing import Failed
from benchmarks.measuring import Result, Sample, Side, in_turn, ratio, rows_of
from benchmarks.options import Options
from benchmarks.plan import Counter, World
from benchmarks.serving import Server
from benchmarks.worlds import Scene

CLIENTS = 8

OURS, ALONE = "Holdfast over HTTP", "the database alone (pgbench)"
DRF, TRIVIAL = "Django REST Framework and ORM", "the framework's trivial endpoint"

_TABLES = {
    "reservations_reservation": "id",
    "reservations_allocation": "reservation_id",
    "reservations_event": "reservation_id",
}
_PLAIN = "django.core.wsgi:get_wsgi_application()"


def run(options: Options) -> Result:
    """Runs all four sides in turn on one database."""
    if find_spec("rest_framework") is None:
        raise Failed("Django REST Framework is missing: install the bench group of pyproject.toml.")
    with worlds.opened(options) as scene, _servers(scene) as servers, serving.load_apart():
        counter = Counter()
        _judge_same_rows(scene, _sides(scene, servers, replace(options, seconds=0.1), counter))
        taken = in_turn(_sides(scene, servers, options, counter), options.pairs)
    return Result(
        name="create",
        title=f"Create without contention, with {options.rows:,} reservations",
        figures=[
            ratio("create ÷ the database alone", taken[OURS], taken[ALONE], goal=0.40),
            ratio("create ÷ Django REST Framework", taken[OURS], taken[DRF], goal=6),
            ratio(
                "create ÷ the framework's trivial endpoint", taken[OURS], taken[TRIVIAL], goal=0.35
            ),
        ],
        rows=rows_of(taken),
        notes=[
            f"{CLIENTS} clients on one core; one gunicorn worker of 16 threads on the other.",
            "PostgreSQL is bound to no core. Every answer is a 201, each for another slot.",
        ],
    )


@contextmanager
def _servers(scene: Scene) -> Iterator[dict[str, Server]]:
    environment = scene.environment
    with ExitStack() as stack:
        yield {
            OURS: stack.enter_context(serving.server(environment)),
            DRF: stack.enter_context(
                serving.server(environment, application=_PLAIN, settings="benchmarks.drf.settings")
            ),
            TRIVIAL: stack.enter_context(
                serving.server(
                    environment, application=_PLAIN, settings="benchmarks.trivial.settings"
                )
            ),
        }


def _sides(
    scene: Scene, servers: dict[str, Server], options: Options, counter: Counter
) -> list[Side]:
    world = scene.world
    requests = plan.creates(world, counter)

    def over_http(server: Server) -> Callable[[], Sample]:
        return lambda: server.drive(
            requests, clients=CLIENTS, seconds=options.seconds, expected=201
        )

    def alone() -> Sample:
        return pgbench(
            scene.url,
            "create.sql",
            clients=CLIENTS,
            until=["--time", str(max(1, round(options.seconds)))],
            values=values(world, counter.block(10_000 * max(1, round(options.seconds)))),
        )

    return [
        Side(OURS, over_http(servers[OURS])),
        Side(ALONE, alone),
        Side(DRF, over_http(servers[DRF])),
        Side(TRIVIAL, over_http(servers[TRIVIAL])),
    ]


def _judge_same_rows(scene: Scene, sides: list[Side]) -> None:
    """Raises Failed if the sides do not fill the same columns. The error names the difference."""
    found: dict[str, dict[str, object]] = {}
    for side in sides[:-1]:
        side.run()
        found[side.name] = written(scene.url)
    for name, shape in found.items():
        differing = shape.items() ^ found[OURS].items()
        if differing:
            raise Failed(f"{name} does not write what {OURS} does: {sorted(differing)}")


def written(url: str) -> dict[str, object]:
    """Returns which columns of the newest reservation, its allocations and events hold a value."""
    found: dict[str, object] = {}
    with psycopg.connect(url, row_factory=dict_row) as connection:
        for table, key in _TABLES.items():
            query = sql.SQL(
                "SELECT * FROM {} WHERE {} = (SELECT max(id) FROM reservations_reservation)"
            )
            rows = connection.execute(
                query.format(sql.Identifier(table), sql.Identifier(key))
            ).fetchall()
            found[f"rows of {table}"] = len(rows)
            for row in rows:
                found |= {f"{table}.{name}": value is None for name, value in row.items()}
    return found


def values(world: World, offset: int) -> dict[str, object]:
    """Returns the variables of create.sql. It starts at the slot with number `offset`."""
    return {
        "turn": 0,
        "offset": offset,
        "clients": CLIENTS,
        "slots": world.slots,
        "stride": world.stride,
        "units": world.units,
        "first_unit": world.first_unit,
        "first_gap": world.first_gap,
        "in_gap": world.in_gap,
        "period": world.period,
        "base": world.base.isoformat(),
        "venue": world.venue,
        "category": world.category,
        "revision": world.revision,
    }
