"""`first_available`: 32 clients take any of 500 units for one range, until none is free."""

from collections import Counter as Tally
from collections.abc import Iterator
from itertools import repeat
from math import inf

import psycopg

from benchmarks import plan, serving, worlds
from benchmarks.bare import SQL, pgbench
from benchmarks.measuring import Figure, Result, Sample, Side, in_turn, ratio, rows_of
from benchmarks.options import Options
from benchmarks.plan import Counter
from benchmarks.serving import Server
from benchmarks.worlds import Scene

CLIENTS = 32
ALONE_A_SECOND = 500
"""Units that the database alone sells in a second, about, to set the length of its turn."""

OURS, ALONE = "Holdfast over HTTP", "the database alone, first fit and SKIP LOCKED (pgbench)"


def run(options: Options) -> Result:
    """Runs both sides. They sell range after range to the last unit."""
    refused: Tally[int] = Tally()
    with worlds.opened(options) as scene:
        _prepare(scene)
        with serving.server(scene.environment) as server, serving.load_apart():
            taken = in_turn(_sides(scene, server, options, refused), options.pairs)
    return Result(
        name="first_available",
        title="The first available of 500 units, 32 clients on one range",
        figures=[
            ratio("first available ÷ the database alone", taken[OURS], taken[ALONE], goal=0.35),
            Figure(
                what="refusals while a unit was free",
                value=refused.total(),
                goal=0,
                is_least=False,
            ),
        ],
        rows=rows_of(taken),
        notes=[
            f"Refusals by status: {dict(refused) or 'none'}.",
            "Each range is sold to its last unit. The next request is refused.",
        ],
    )


def _prepare(scene: Scene) -> None:
    """Makes what the script of the database alone needs: a function that restarts,
    and the ranges.
    """
    world = scene.world
    ranges = [(number, world.range(number)) for number in range(world.slots // world.units)]
    with psycopg.connect(scene.url) as connection:
        connection.execute((SQL / "first_available_setup.sql").read_bytes())
        connection.execute(
            "CREATE TABLE bench_range (id bigint PRIMARY KEY, starts_at timestamptz)"
        )
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO bench_range VALUES (%s, %s)", ranges)


def _sides(scene: Scene, server: Server, options: Options, refused: Tally[int]) -> list[Side]:
    counter, world = Counter(), scene.world
    each = world.units // CLIENTS

    def over_http() -> Sample:
        turns = list[Sample]()
        while sum(turn.elapsed for turn in turns) < options.seconds:
            request = plan.create(world, None, world.range(counter.block(1)))
            turns += _sell(server, request, each * CLIENTS, refused)
            _sell_out(server, request, world.units - each * CLIENTS)
        return Sample(
            [seconds for turn in turns for seconds in turn.times],
            sum(turn.elapsed for turn in turns),
            sum(turn.processor for turn in turns),
        )

    def alone() -> Sample:
        ranges = max(1, round(options.seconds * ALONE_A_SECOND / world.units))
        return pgbench(
            scene.url,
            "first_available.sql",
            clients=CLIENTS,
            until=["--transactions", str(each * ranges)],
            values={
                "turn": 0,
                "each": each,
                "first_range": counter.block(ranges),
                "venue": world.venue,
                "category": world.category,
            },
        )

    return [Side(OURS, over_http), Side(ALONE, alone)]


def _sell(server: Server, request: bytes, units: int, refused: Tally[int]) -> Iterator[Sample]:
    """Sells so many units of a range with all clients at once. Refused requests do not count."""
    while units > 0:
        turn = server.drive(
            repeat(request, units),
            clients=min(CLIENTS, units),
            seconds=inf,
            expected=201,
            others=refused,
        )
        units -= len(turn.times)
        yield turn


def _sell_out(server: Server, request: bytes, left: int) -> None:
    """Sells the last units of a range and one too many. Raises Failed for any other answers."""
    server.drive(repeat(request, left), clients=1, seconds=inf, expected=201)
    server.drive(repeat(request, 1), clients=1, seconds=inf, expected=409)
