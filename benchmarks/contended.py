"""`contended`: 64 clients ask for one unit and range at once, again and again. One may win."""

import time
from collections import Counter as Tally
from contextlib import ExitStack

from benchmarks import load, plan, serving, worlds
from benchmarks.create import CLIENTS
from benchmarks.load import Answer, Client
from benchmarks.measuring import Figure, Result, Sample, Side, in_turn, ratio, rows_of
from benchmarks.options import Options
from benchmarks.plan import Counter
from benchmarks.serving import Server
from benchmarks.worlds import Scene

CROWD = 64
WORKERS = 2

STAMPEDE, ALONE = f"{CROWD} clients, one unit and range", f"{CLIENTS} clients, each its own"


def run(options: Options) -> Result:
    """Runs crowds and quiet traffic in turn, on one server of two processes."""
    stampede = Stampede()
    with worlds.opened(options) as scene:
        before = scene.deadlocks()
        with serving.server(scene.environment, workers=WORKERS, cores=serving.ALL) as server:
            taken = in_turn(_sides(scene, server, options, stampede), options.pairs)
        deadlocks = scene.deadlocks() - before
    faults = sum(count for status, count in stampede.answered.items() if status >= 500)
    return Result(
        name="contended",
        title=f"{CROWD} clients on one unit and range",
        figures=[
            Figure(what="most winners of a round", value=stampede.most, goal=1, is_least=False),
            Figure(what="fewest winners of a round", value=stampede.fewest, goal=1),
            Figure(what="deadlocks", value=deadlocks, goal=0, is_least=False),
            Figure(what="answers 5xx", value=faults, goal=0, is_least=False),
            ratio(
                "the slowest answer ÷ the uncontended median",
                [Sample([max(sample.times)], 1) for sample in taken[STAMPEDE]],
                taken[ALONE],
                of=lambda sample: sample.median,
                goal=10,
                is_least=False,
            ),
        ],
        rows=rows_of(taken),
        notes=[
            f"{stampede.rounds:,} rounds. All answers: {_told(stampede.answered)}.",
            f"gunicorn with {WORKERS} workers of 16 threads. Clients and database share its cores.",
        ],
    )


class Stampede:
    """Rounds of a crowd, with a count of their answers."""

    def __init__(self) -> None:
        self.answered: Tally[int] = Tally()
        self.rounds = 0
        self.most, self.fewest = 0, CROWD

    def round(self, port: int, request: bytes) -> list[Answer]:
        """Sends the same request from every client at once. All clients are connected before."""
        with ExitStack() as stack:
            clients = [stack.enter_context(Client(port)) for _ in range(CROWD)]
            answers = load.release(clients, [request] * CROWD)
        won = sum(answer.status == 201 for answer in answers)
        self.answered.update(answer.status for answer in answers)
        self.rounds += 1
        self.most, self.fewest = max(self.most, won), min(self.fewest, won)
        return answers


def _sides(scene: Scene, server: Server, options: Options, stampede: Stampede) -> list[Side]:
    counter, world = Counter(), scene.world
    requests = plan.creates(world, counter)

    def crowd() -> Sample:
        times, begun = list[float](), time.perf_counter()
        while not times or time.perf_counter() - begun < options.seconds:
            times += [one.seconds for one in stampede.round(server.port, next(requests))]
        return Sample(times, time.perf_counter() - begun)

    def alone() -> Sample:
        return server.drive(requests, clients=CLIENTS, seconds=options.seconds, expected=201)

    return [Side(STAMPEDE, crowd), Side(ALONE, alone)]


def _told(answered: Tally[int]) -> str:
    return ", ".join(f"{count:,} × {status}" for status, count in sorted(answered.items()))
