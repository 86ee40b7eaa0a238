"""`list`: a page of 100 reservations over HTTP, compared with its queries."""

import base64
from collections.abc import Iterator
from itertools import count

from benchmarks import load, serving, worlds
from benchmarks.bare import pgbench
from benchmarks.measuring import Result, Sample, Side, in_turn, ratio, rows_of
from benchmarks.options import Options
from benchmarks.plan import PATH, World
from benchmarks.serving import Server
from benchmarks.worlds import Scene

OURS, ALONE = "100 reservations over HTTP", "the queries that feed them (pgbench)"


def run(options: Options) -> Result:
    """Runs both sides on one database, with one client each."""
    with (
        worlds.opened(options) as scene,
        serving.server(scene.environment) as server,
        serving.load_apart(),
    ):
        taken = in_turn(_sides(scene, server, options), options.pairs)
    return Result(
        name="list",
        title="A partner's list of 100 reservations",
        figures=[
            ratio(
                "the list over HTTP ÷ its queries",
                taken[OURS],
                taken[ALONE],
                of=lambda sample: sample.median,
                goal=5,
                is_least=False,
            )
        ],
        rows=rows_of(taken),
        notes=["One client; pgbench reads every row of the page, with its venue and units."],
    )


def _sides(scene: Scene, server: Server, options: Options) -> list[Side]:
    requests = _pages(scene.world)

    def alone() -> Sample:
        until = ["--time", str(max(1, round(options.seconds)))]
        values = {"rows": scene.world.rows}
        return pgbench(scene.url, "list.sql", clients=1, until=until, values=values)

    return [
        Side(
            OURS,
            lambda: server.drive(requests, clients=1, seconds=options.seconds, expected=200),
        ),
        Side(ALONE, alone),
    ]


def _pages(world: World) -> Iterator[bytes]:
    """Pages all over the list, by their cursors."""
    for number in count(1):
        last = 1000 + number * 611_953 % (world.rows - 1000)
        cursor = base64.urlsafe_b64encode(f"k{last}".encode()).decode().rstrip("=")
        yield load.request("GET", f"{PATH}?limit=100&cursor={cursor}", key=world.key)
