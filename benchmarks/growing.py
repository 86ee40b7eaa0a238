"""`availability` and `slots`: the cost of an answer, and how it grows with the reservations.

At every size there are the same 500 units and one year ahead, with a little less than half of the
time sold. So requests and answers are alike, and only the number of rows differs.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from itertools import count

from benchmarks import load, plan, serving, worlds
from benchmarks.bare import pgbench
from benchmarks.measuring import Figure, Result, Sample, Side, in_turn, ratio, rows_of
from benchmarks.options import Options
from benchmarks.plan import SKIPPED_DAYS, SLUG, UNITS, World
from benchmarks.services import started
from benchmarks.worlds import Scene, manage

PARTS = (100, 10, 1)
"""The sizes: a hundredth of the rows, a tenth, all of them."""
SMALLEST = 4 * UNITS
"""With fewer rows, a stay would be longer than the engine allows."""

ALONE = "the bare query (pgbench)"

Address = Callable[[datetime], str]
"""The address of a request about the day that begins at an instant."""


def availability(options: Options) -> Result:
    """Asks which units are free for two hours, at three sizes, and runs the bare query at the
    largest.
    """
    title = "Which units are free for two hours"
    return _grown(options, "availability", title, _range, bare=True)


def slots(options: Options) -> Result:
    """Asks for the grid of one day, at three sizes."""
    return _grown(options, "slots", "The grid of all units and slots of one day", _grid)


def _grown(
    options: Options, name: str, title: str, address: Address, *, bare: bool = False
) -> Result:
    sizes = sorted({max(SMALLEST, options.rows // part) for part in PARTS})
    with started(keep=options.keep) as services, ExitStack() as stack:
        scenes = [
            stack.enter_context(worlds.fresh(services, rows=rows, stay=plan.half(rows, UNITS)))
            for rows in sizes
        ]
        queries = [_queries(scene, address) for scene in scenes]
        sides = [stack.enter_context(_asking(scene, address, options)) for scene in scenes]
        if bare:
            sides.append(Side(ALONE, lambda: _alone(scenes[-1], options)))
        stack.enter_context(serving.load_apart())
        taken = in_turn(sides, options.pairs)
    return Result(
        name=name,
        title=title,
        figures=_figures(name, taken, queries),
        rows=rows_of(taken),
        series={
            name: [(size, row.median_ms) for size, row in zip(sizes, rows_of(taken), strict=False)]
        },
        axes=("reservations in the database", "ms"),
        notes=[f"One client, gunicorn with one worker, {queries[-1]} queries per answer."],
    )


def _figures(name: str, taken: dict[str, list[Sample]], queries: list[int]) -> list[Figure]:
    smallest, *_, largest = (side for side in taken if side != ALONE)
    figures = [
        _times(f"{name}, {largest} ÷ {smallest}", taken[largest], taken[smallest], goal=1.5),
        Figure(
            what=f"more queries with {largest} than with {smallest}",
            value=queries[-1] - queries[0],
            goal=0,
            is_least=False,
        ),
    ]
    if ALONE in taken:
        what = f"{name} over HTTP ÷ the bare query, {largest}"
        figures.append(_times(what, taken[largest], taken[ALONE], goal=4))
    return figures


def _times(what: str, ours: list[Sample], theirs: list[Sample], *, goal: float) -> Figure:
    return ratio(what, ours, theirs, goal=goal, of=lambda one: one.median, is_least=False)


@contextmanager
def _asking(scene: Scene, address: Address, options: Options) -> Iterator[Side]:
    world = scene.world
    requests = (load.request("GET", address(day)) for day in _days(world))
    with serving.server(scene.environment) as server:
        yield Side(
            f"{world.rows:,} reservations",
            lambda: server.drive(requests, clients=1, seconds=options.seconds, expected=200),
        )


def _alone(scene: Scene, options: Options) -> Sample:
    until = ["--time", str(max(1, round(options.seconds)))]
    values = {"base": scene.world.base.isoformat()}
    return pgbench(scene.url, "availability.sql", clients=1, until=until, values=values)


def _queries(scene: Scene, address: Address) -> int:
    return int(
        manage(scene.environment, "bench_world", "--count", address(next(_days(scene.world))))
    )


def _days(world: World) -> Iterator[datetime]:
    """Days all over the year, in an order that gives caches nothing."""
    ahead = 365 - SKIPPED_DAYS - 5
    return (world.base + timedelta(days=SKIPPED_DAYS + number * 149 % ahead) for number in count(1))


def _range(day: datetime) -> str:
    start, end = (f"{day + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ}" for hour in (12, 14))
    return f"/api/v1/venues/{SLUG}/availability?starts_at={start}&ends_at={end}"


def _grid(day: datetime) -> str:
    return f"/api/v1/venues/{SLUG}/slots?date={day:%Y-%m-%d}"
