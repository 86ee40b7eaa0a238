"""The promises to prove, each with the check that looks for a violation."""

from collections.abc import Callable, Iterator

from config.proving import answers, events, held_time, lapsing, looking, possession
from config.proving.evidence import Evidence


def guarded(evidence: Evidence) -> Iterator[str]:
    """Yields a violation if the database lacks its constraint against double booking."""
    if not evidence.has_guard:
        yield "the guard against double booking is missing from the database"


def taken_once(evidence: Evidence) -> Iterator[str]:
    """Yields units that two live allocations take at one instant, without using the engine."""
    live = [
        (row.resource_id, row.starts_at, row.ends_at, row.pk)
        for row in evidence.allocations
        if row.is_live
    ]
    for first, second in looking.twice(sorted(live)):
        yield f"unit {first[0]} is taken twice at {second[1]}: rows {first[3]} and {second[3]}"


PROMISES: dict[str, Callable[[Evidence], Iterator[str]]] = {
    "The database has its guard": guarded,
    "No instant of any unit is taken twice": taken_once,
    "Nothing was promised twice at any moment": possession.judge,
    "Who is promised time has it, and who gave it up has not": held_time.judge,
    "What was acknowledged is there, what was refused is not": answers.made,
    "Every reservation is as it was answered": answers.kept,
    "No answer went back in time": answers.in_order,
    "Every event once, in an order that makes sense": events.judge,
    "No hold outlives its time": lapsing.judge,
    "No group in part": answers.groups,
    "No fault, and nothing wrong to be seen at any moment": answers.faults,
}


def judge(evidence: Evidence) -> dict[str, list[str]]:
    """Returns the violations of each promise. [] for a promise that was kept."""
    return {promise: list(check(evidence)) for promise, check in PROMISES.items()}
