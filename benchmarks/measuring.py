"""Measures: sides in turn, medians of pairs, and the result of a benchmark."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from benchmarks.failing import Failed

_say = partial(print, flush=True)

PAIRS = 5
"""Turns of each side. Fewer mean little on a machine that others use."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One turn of one side, in seconds: the time of each item, and of all together.

    `processor` is the processor time of the server, or 0. It depends less than elapsed time on what
    else the machine does.
    """

    times: list[float]
    elapsed: float
    processor: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.times) / self.elapsed

    @property
    def median(self) -> float:
        return statistics.median(self.times)

    @property
    def p99(self) -> float:
        return quantile(self.times, 0.99)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the things compared. `run` is one turn."""

    name: str
    run: Callable[[], Sample]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A result and its goal. `is_least` means that more is better."""

    what: str
    value: float
    goal: float | None = None
    is_least: bool = True
    spread: tuple[float, float] | None = None
    unit: str = ""

    @property
    def is_reached(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value >= self.goal if self.is_least else self.value <= self.goal


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One side in the report: a rate per second, and milliseconds.

    `processor_ms` is the server's processor time for one answer, or 0.
    """

    side: str
    rate: float
    median_ms: float
    p99_ms: float
    processor_ms: float = 0.0


@dataclass(slots=True, kw_only=True)
class Result:
    """Everything that a benchmark reports. `series` are the lines of its plot, by name."""

    name: str
    title: str
    figures: list[Figure]
    rows: list[Row] = field(default_factory=list)
    series: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    axes: tuple[str, str] = ("", "")
    notes: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """Returns plain values, to store beside the report."""
        return asdict(self)


def in_turn(
    sides: Sequence[Side], pairs: int, *, tell: Callable[[str], None] = _say
) -> dict[str, list[Sample]]:
    """Runs every side once to warm up, then A B A B …, `pairs` turns of each.

    Raises Failed if a side has no answers in a turn.
    """
    taken: dict[str, list[Sample]] = {side.name: [] for side in sides}
    for side in sides:
        side.run()
    for turn in range(1, pairs + 1):
        for side in sides:
            sample = side.run()
            if not sample.times:
                raise Failed(f"{side.name} answered nothing in its turn.")
            taken[side.name].append(sample)
            tell(f"  {turn}/{pairs} {side.name}: {_told(sample)}")
    return taken


def per_second(rate: float) -> str:
    """Returns a rate as text, with decimals if it is below ten."""
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2f}"


def _told(sample: Sample) -> str:
    told = f"{per_second(sample.rate)}/s, median {sample.median * 1e3:.2f} ms, "
    told += f"99 % within {sample.p99 * 1e3:.2f} ms"
    if sample.processor:
        told += f", server's processor {sample.processor / len(sample.times) * 1e3:.2f} ms each"
    return told


def rows_of(taken: dict[str, list[Sample]]) -> list[Row]:
    """Returns the medians of each side over its turns."""
    return [
        Row(
            side=name,
            rate=statistics.median(sample.rate for sample in samples),
            median_ms=statistics.median(sample.median for sample in samples) * 1e3,
            p99_ms=statistics.median(sample.p99 for sample in samples) * 1e3,
            processor_ms=statistics.median(one.processor / len(one.times) for one in samples) * 1e3,
        )
        for name, samples in taken.items()
    ]


def ratio(
    what: str,
    ours: Sequence[Sample],
    theirs: Sequence[Sample],
    *,
    goal: float | None = None,
    of: Callable[[Sample], float] = lambda sample: sample.rate,
    is_least: bool = True,
) -> Figure:
    """Returns the median ratio of the pairs, with the lowest and highest."""
    found = [of(mine) / of(other) for mine, other in zip(ours, theirs, strict=True)]
    return Figure(
        what=what,
        value=statistics.median(found),
        goal=goal,
        is_least=is_least,
        spread=(min(found), max(found)),
    )


def quantile(times: Sequence[float], part: float) -> float:
    """Returns the time within which this part of the times lies."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
