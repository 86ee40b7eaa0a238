"""`sweep`: expires 100,000 lapsed holds, compared with one bare statement."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from benchmarks import worlds
from benchmarks.bare import SQL
from benchmarks.failing import Failed
from benchmarks.measuring import Figure, Result, Sample, Side, in_turn, ratio, rows_of
from benchmarks.options import Options
from benchmarks.services import Services, started
from benchmarks.worlds import Scene, manage

LAPSED = 100_000
LOOK_EVERY = 0.002

OURS, ALONE = "the sweep, in batches", "one bare UPDATE … RETURNING and its events"

_OLDEST = """
SELECT extract(epoch FROM max(clock_timestamp() - xact_start)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_SWEPT = "SELECT count(*) FROM reservations_event WHERE name = 'reservation.expired'"


def run(options: Options) -> Result:
    """Runs every turn on a copy of the same database."""
    lapsed, watch = min(LAPSED, options.rows), Watch()
    with started(keep=options.keep) as services:

        def turn(act: Callable[[Scene], float]) -> Callable[[], Sample]:
            return lambda: _turn(services, lapsed, act)

        def swept(scene: Scene) -> float:
            with watch.over(scene):
                return float(manage(scene.environment, "bench_world", "--sweep").split()[1])

        taken = in_turn([Side(OURS, turn(swept)), Side(ALONE, turn(_alone))], options.pairs)
    return Result(
        name="sweep",
        title=f"{lapsed:,} lapsed holds",
        figures=[
            ratio(
                "the sweep ÷ the bare statement",
                taken[OURS],
                taken[ALONE],
                of=lambda sample: sample.elapsed,
                goal=2,
                is_least=False,
            ),
            Figure(
                what="longest transaction of the sweep, and so its longest lock",
                value=round(watch.longest * 1e3),
                goal=200,
                is_least=False,
                unit=" ms",
            ),
        ],
        rows=rows_of(taken),
        notes=["The bare statement frees the units too, and holds every lock until it ends."],
    )


@dataclass(slots=True)
class Watch:
    """Watches from outside how long transactions last."""

    longest: float = 0.0
    """Seconds."""

    @contextmanager
    def over(self, scene: Scene) -> Iterator[None]:
        """Watches until the block ends."""
        is_over = threading.Event()
        looking = threading.Thread(target=self._look, args=(scene.url, is_over))
        looking.start()
        try:
            yield
        finally:
            is_over.set()
            looking.join()

    def _look(self, url: str, is_over: threading.Event) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not is_over.wait(LOOK_EVERY):
                found = connection.execute(_OLDEST).fetchone()
                self.longest = max(self.longest, float(found[0] or 0) if found else 0.0)


def _turn(services: Services, lapsed: int, act: Callable[[Scene], float]) -> Sample:
    with worlds.fresh(services, rows=lapsed, is_lapsed=True) as scene:
        seconds = act(scene)
        with psycopg.connect(scene.url) as connection:
            found = connection.execute(_SWEPT).fetchone()
        if found is None or found[0] != lapsed:
            raise Failed(f"{found and found[0]} events for {lapsed} lapsed holds.")
    return Sample([seconds / lapsed] * lapsed, seconds)


def _alone(scene: Scene) -> float:
    with psycopg.connect(scene.url) as connection:
        begun = time.perf_counter()
        connection.execute((SQL / "sweep.sql").read_bytes())
        connection.commit()
        return time.perf_counter() - begun
