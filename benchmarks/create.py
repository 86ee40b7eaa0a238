"""`create`: reservations per second over HTTP, uncontended, in a year that is already sold well."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from benchmarks import load, plan, serving, worlds
from benchmarks.bare import pgbench
from benchmarks.measuring import Result, Sample, Side, in_turn, ratio, rows_of
from benchmarks.options import Options
from benchmarks.plan import Counter, World
from benchmarks.services import Services, started

CLIENTS = 8
PATH = "/api/v1/reservations"

OURS, ALONE = "Holdfast over HTTP", "the database alone (pgbench)"
DRF, TRIVIAL = "Django REST Framework and ORM", "the framework's trivial endpoint"

_PLAIN = "django.core.wsgi:get_wsgi_application()"


def run(options: Options) -> Result:
    """All four sides in turn on one database."""
    with started(keep=options.keep) as services:
        world, url = worlds.fresh(services, rows=options.rows)
        with _servers(services, url) as ports, serving.load_apart():
            taken = in_turn(_sides(world, url, ports, options), options.pairs)
        worlds.drop(services, url)
    return Result(
        name="create",
        title=f"Creating, uncontended, {options.rows:,} reservations before",
        figures=[
            ratio("create ÷ the database alone", taken[OURS], taken[ALONE], goal=0.40),
            ratio("create ÷ Django REST Framework", taken[OURS], taken[DRF], goal=6),
            ratio(
                "create ÷ the framework's trivial endpoint", taken[OURS], taken[TRIVIAL], goal=0.35
            ),
        ],
        rows=rows_of(taken),
        notes=[
            f"{CLIENTS} clients on one core; one gunicorn worker of 8 threads on the other.",
            "PostgreSQL runs where there is room. Every answer is a 201 to a wish of its own.",
        ],
    )


@contextmanager
def _servers(services: Services, url: str) -> Iterator[dict[str, int]]:
    environment = worlds.environment(url, services.redis)
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


def _sides(world: World, url: str, ports: dict[str, int], options: Options) -> list[Side]:
    counter = Counter()
    bodies = plan.bodies(world, counter)

    def over_http(port: int) -> Callable[[], Sample]:
        requests = (load.request("POST", PATH, key=world.key, body=body) for body in bodies)
        return lambda: load.drive(
            port, requests, clients=CLIENTS, seconds=options.seconds, expected=201
        )

    def alone() -> Sample:
        return pgbench(
            url,
            "create.sql",
            clients=CLIENTS,
            seconds=options.seconds,
            values=values(world, counter.block(round(10_000 * options.seconds))),
        )

    return [
        Side(OURS, over_http(ports[OURS])),
        Side(ALONE, alone),
        Side(DRF, over_http(ports[DRF])),
        Side(TRIVIAL, over_http(ports[TRIVIAL])),
    ]


def values(world: World, offset: int) -> dict[str, object]:
    """The variables of create.sql, beginning at the slot with this number."""
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
    }
