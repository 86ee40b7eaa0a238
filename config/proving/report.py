"""The report of a proof: what was tried, what happened and what it proves."""

from collections import Counter
from collections.abc import Iterable, Iterator

from config.proving.evidence import Evidence
from config.proving.journal import Call, Outcome

_MOST_TOLD = 10
"""Violations of one promise that are printed one by one."""

OUTCOMES: tuple[Outcome, ...] = ("ok", "refused", "unknown", "fault", "seen")


def counts(calls: Iterable[Call]) -> Iterator[str]:
    """Yields the lines of a table: the outcomes of each verb."""
    count = Counter((call.verb, call.outcome) for call in calls)
    shown = list(OUTCOMES[:3])
    shown += [outcome for outcome in OUTCOMES[3:] if any(key[1] == outcome for key in count)]
    yield f"{'':20}" + "".join(f"{name:>9}" for name in ("asked", *shown))
    for verb in sorted({verb for verb, _ in count}):
        yield _line(verb, [count[verb, outcome] for outcome in shown])
    yield _line("together", [sum(count[key] for key in count if key[1] == one) for one in shown])


def refusals(calls: Iterable[Call]) -> str:
    """Returns how often each code was the answer, the most frequent first."""
    codes = Counter(call.code for call in calls if call.outcome == "refused")
    return ", ".join(f"{code} {count}" for code, count in codes.most_common()) or "none"


def found(evidence: Evidence) -> str:
    """Returns a summary of the rows in the database."""
    rows, kinds = evidence.reservations.values(), Counter(event.name for event in evidence.events)
    return (
        f"{len(rows)} reservations, {len(evidence.allocations)} ranges of time, "
        f"{len(evidence.events)} events; "
        f"{sum(row.expired_at is not None for row in rows)} holds lapsed, "
        f"{sum(row.missed_at is not None for row in rows)} guests did not come, "
        f"{sum(row.completed_at is not None for row in rows)} stays ended by themselves, "
        f"{kinds['reservation.reseated']} moves to let somebody in"
    )


def verdict(broken: dict[str, list[str]]) -> Iterator[str]:
    """Yields each promise, and its first violations."""
    for promise, violations in broken.items():
        if not violations:
            yield f"  kept    {promise}"
            continue
        yield f"  BROKEN  {promise}: {len(violations)} times"
        yield from (f"          {one}" for one in violations[:_MOST_TOLD])


def _line(name: str, numbers: list[int]) -> str:
    return f"{name:20}" + "".join(f"{number:>9,}" for number in (sum(numbers), *numbers))
