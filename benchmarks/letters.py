"""`letters`: creates at 500 a minute while each one is told by a letter, and while none is."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from benchmarks import embedded, plan, serving
from benchmarks.failing import Failed
from benchmarks.measuring import Figure, Result, Sample, Side, in_turn, ratio, rows_of
from benchmarks.options import Options
from benchmarks.plan import Counter
from benchmarks.serving import Server

A_MINUTE = 500
CLIENTS = 8
"""Connections over which they are asked for; enough that none waits for another."""
SECONDS = 15.0
PATIENCE = 60.0
"""Seconds in which the last letter must be written."""

TOLD, SILENT = "each is told by a letter", "none is told"
AGAIN = "none is told, once more"


def run(options: Options) -> Result:
    """Runs two embedded servers in turn, which differ in a switch of the venue alone."""
    rows = min(embedded.MOST_ROWS, options.rows)
    with ExitStack() as stack:
        sides, folders = [], {}
        for name in (TOLD, SILENT):
            data = stack.enter_context(embedded.data_folder())
            world = embedded.world_in(data, rows)
            _switch(data, is_told=name == TOLD)
            server = stack.enter_context(embedded.served(data))
            turn = _turn(server, plan.creates(world, Counter()))
            sides.append(Side(name, turn))
            folders[name] = data / "mail"
        # The silent server has two turns of each three: how they differ is the noise.
        sides.append(Side(AGAIN, turn))
        stack.enter_context(serving.load_apart())
        taken = in_turn(sides, options.pairs)
        # One turn more, since each side warms up first.
        _judge_letters(folders[TOLD], sum(len(one.times) for one in taken[TOLD]))
        if _count(folders[SILENT]):
            raise Failed("The silent side wrote letters.")
    return Result(
        name="letters",
        title=f"Create at {A_MINUTE} a minute, with letters and without",
        figures=[
            _slower(taken, TOLD, "median of create with letters ÷ without", goal=1.15),
            _slower(taken, AGAIN, "noise: median of create without letters ÷ without, again"),
        ],
        rows=rows_of(taken),
        notes=[
            "Two embedded servers, each with its senders in the same process; letters are files.",
            f"{A_MINUTE} a minute are asked for, whether or not the answers come.",
            "The time of each counts from when it was due.",
        ],
    )


def _slower(
    taken: dict[str, list[Sample]], name: str, what: str, goal: float | None = None
) -> Figure:
    return ratio(
        what,
        taken[name],
        taken[SILENT],
        goal=goal,
        of=lambda sample: sample.median,
        is_least=False,
    )


def _turn(server: Server, requests: Iterator[bytes]) -> Callable[[], Sample]:
    return lambda: server.offer(
        requests, per_second=A_MINUTE / 60, clients=CLIENTS, seconds=SECONDS, expected=201
    )


def _switch(data: Path, *, is_told: bool) -> None:
    with closing(sqlite3.connect(data / "holdfast.sqlite3")) as connection, connection:
        connection.execute("UPDATE venues_venue SET tells_holds = ?", [is_told])


def _judge_letters(folder: Path, least: int) -> None:
    until = time.perf_counter() + PATIENCE
    while _count(folder) < least:
        if time.perf_counter() > until:
            raise Failed(f"{_count(folder)} letters were written for {least} reservations.")
        time.sleep(0.2)


def _count(folder: Path) -> int:
    return sum(1 for _ in folder.glob("*.eml"))
