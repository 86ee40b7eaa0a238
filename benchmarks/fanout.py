"""`fanout`: the time from the commit of a change to the last of 1,000 pages that
watch the venue.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import redis

from benchmarks import fanout_bare, live_processes, worlds
from benchmarks.live_sockets import Audience
from benchmarks.measuring import Result, Sample, Side, in_turn, ratio, rows_of
from benchmarks.options import Options
from benchmarks.services import free_port

PAGES = 1_000
CHANGES = 20
"""Changes in one turn."""
PAUSE = 0.05
"""Seconds between two changes, so that none waits for the one before."""
MOST_ROWS = 10_000

OURS, BARE = "Holdfast, outbox and all", "bare websockets, one Redis subscription"

Change = Callable[[], float]
"""Makes a change and returns when it was committed, in seconds of perf_counter."""


def run(options: Options) -> Result:
    """Runs both sides in turn. Each has a thousand pages of its own, open the whole time."""
    # The number of rows makes no difference here.
    with worlds.opened(replace(options, rows=min(options.rows, MOST_ROWS))) as scene:
        environment, redis_url = scene.environment, scene.services.redis
        with (
            live_processes.deployed(environment) as ports,
            _bare_server(redis_url) as bare,
            _changes(environment) as change,
            _bare_changes(scene.url, redis_url) as bare_change,
            Audience(ports.live, "/ws/venues/bench/", size=PAGES, is_greeted=True) as ours,
            Audience(bare, "/", size=PAGES, is_greeted=False) as theirs,
        ):
            sides = [Side(OURS, _turn(change, ours)), Side(BARE, _turn(bare_change, theirs))]
            taken = in_turn(sides, options.pairs)
    return Result(
        name="fanout",
        title=f"From commit to the last of {PAGES:,} pages",
        figures=[
            ratio(
                "fanout ÷ bare broadcast",
                taken[OURS],
                taken[BARE],
                goal=2,
                of=lambda sample: sample.median,
                is_least=False,
            )
        ],
        rows=rows_of(taken),
        notes=[
            f"{CHANGES} changes a turn, each committed, then announced. Ours: closure, event,",
            "Celery, the dispatch of the outbox and its commit, Redis, the hub. Bare: an insert,",
            "Redis, `websockets.broadcast`. No compression on either side; pages read with epoll.",
        ],
    )


def _turn(change: Change, audience: Audience) -> Callable[[], Sample]:
    def turn() -> Sample:
        times = []
        for _ in range(CHANGES):
            committed = change()
            times.append(audience.hear() - committed)
            time.sleep(PAUSE)
        return Sample(times, sum(times))

    return turn


@contextmanager
def _changes(environment: dict[str, str]) -> Iterator[Change]:
    """A process of the product that closes a unit on demand."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "bench_change"],
        cwd=Path(worlds.ROOT),
        env=environment | {"DJANGO_SETTINGS_MODULE": "benchmarks.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    asked, said = process.stdin, process.stdout

    def change() -> float:
        asked.write("\n")
        asked.flush()
        return float(said.readline())

    try:
        assert said.readline().strip() == "ready"
        yield change
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def _bare_server(url: str) -> Iterator[int]:
    port = free_port()
    with live_processes.program(fanout_bare.__name__, str(port), url, port=port):
        yield port


@contextmanager
def _bare_changes(url: str, redis_url: str) -> Iterator[Change]:
    word = '{"type":"allocation","event":"closure.made","state":"taken"}'.ljust(200)
    with (
        psycopg.connect(url, autocommit=True) as connection,
        redis.Redis.from_url(redis_url) as line,
    ):
        connection.execute("CREATE TABLE fanout_bare (word text)")

        def change() -> float:
            connection.execute("INSERT INTO fanout_bare VALUES (%s)", [word])
            committed = time.perf_counter()
            line.publish(fanout_bare.CHANNEL, word)
            return committed

        yield change
