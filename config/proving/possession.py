"""Checks that nothing was promised twice at one moment, from the answers alone.

An answer is a claim: from the answer until somebody asks for something that may end it, or until it
ends by itself. At any moment, no two claims may be on one unit for one instant, and no more on a
category than it has units. A claim covers only what is certain: if an answer leaves a doubt, it
begins later or ends sooner.

A guest whose departure is undone, and a reservation that is reinstated, claim their time anew from
that answer on. A no-show claims nothing, whether its rest was released or not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from config.proving.evidence import Evidence
from config.proving.ground import SEATS
from config.proving.journal import Call, Seen


@dataclass(frozen=True, slots=True)
class Claim:
    """A promise of a range, from `since` until `until`. `unit` is None if the answer named none."""

    since: datetime
    until: datetime
    starts_at: datetime
    ends_at: datetime
    category: str
    unit: int | None
    weight: int
    name: str

    def shares(self, other: "Claim") -> bool:
        """Says whether both are of one category and their ranges overlap."""
        same = self.category == other.category
        return same and self.starts_at < other.ends_at and other.starts_at < self.ends_at


def judge(evidence: Evidence) -> Iterator[str]:
    """Yields what was promised to two callers at one moment."""
    units = evidence.ground.units
    active: list[Claim] = []
    for claim in sorted(claims(evidence), key=lambda claim: claim.since):
        # A claim that has ended overlaps no new one.
        active = [one for one in active if min(one.until, one.ends_at) > claim.since]
        rivals = [one for one in active if one.shares(claim)]
        active.append(claim)
        for one in rivals:
            if claim.unit is not None and one.unit == claim.unit:
                yield f"unit {claim.unit} was promised to {one.name} and {claim.name}"
        if (most := _most_at_once(claim, rivals)) > len(units[claim.category]):
            names = ", ".join(one.name for one in rivals)
            yield f"{most} of category {claim.category} at once, the last to {claim.name}: {names}"


def claims(evidence: Evidence) -> Iterator[Claim]:
    """Yields every claim that was certain for some time."""
    for pk in evidence.calls_of:
        yield from _of_reservation(pk, evidence.calls_of[pk])
    yield from _of_closures(evidence)


def _of_reservation(pk: int, calls: list[Call]) -> Iterator[Claim]:
    unit: int | None = None
    before: Seen | None = None
    # Which of the two had which unit when, answers alone do not say.
    may_swap = any(call.verb == "swap units" for call in calls)
    for row, answers in _versions(pk, calls):
        if before is not None and _came_late(before, row):
            # The guest may have another unit.
            unit = None
        # Another client's answer may show a move before the mover's own does.
        unit = next((call.unit for call in answers if call.unit), unit)
        unit = None if may_swap else unit
        before = row
        claim = _claim(row, answers[0], unit, calls)
        if not _is_over(row) and claim.since < claim.until and claim.starts_at < claim.ends_at:
            yield claim


def _versions(pk: int, calls: list[Call]) -> Iterator[tuple[Seen, list[Call]]]:
    """Yields each version of a reservation with the answers that returned it, the
    earliest first.
    """
    rows: dict[int, Seen] = {}
    answers: dict[int, list[Call]] = {}
    for call in sorted(calls, key=lambda call: call.answered_at or call.asked_at):
        for row in call.seen:
            if row.id == pk:
                rows[row.version] = row
                answers.setdefault(row.version, []).append(call)
    for version in sorted(rows):
        yield rows[version], answers[version]


def _claim(row: Seen, told: Call, unit: int | None, calls: list[Call]) -> Claim:
    assert told.answered_at is not None
    return Claim(
        since=told.answered_at,
        until=min([row.ends_at, *_lapses(row), *_endings(row, calls)]),
        starts_at=max(row.starts_at, told.answered_at),
        ends_at=row.ends_at,
        category=row.category,
        unit=unit,
        weight=-(-row.guest_count // SEATS),
        name=f"reservation {row.id} ({told.name})",
    )


def _is_over(row: Seen) -> bool:
    return row.cancelled_at is not None or row.checked_out_at is not None


def _came_late(before: Seen, row: Seen) -> bool:
    if row.checked_in_at is None or before.checked_in_at is not None:
        return False
    return before.no_show_at is None or row.checked_in_at >= before.no_show_at


def _lapses(row: Seen) -> Iterator[datetime]:
    if row.confirmed_at is None and row.hold_expires_at is not None:
        yield row.hold_expires_at
    elif row.checked_in_at is None and row.no_show_at is not None:
        yield row.no_show_at


def _endings(row: Seen, calls: list[Call]) -> Iterator[datetime]:
    """Yields when somebody asked for what may have ended this version."""
    for call in calls:
        later = any(one.id == row.id and one.version > row.version for one in call.seen)
        if later or (row.id in call.ids and call.outcome == "unknown"):
            yield call.asked_at


def _of_closures(evidence: Evidence) -> Iterator[Claim]:
    reopened = {call.closure: call.asked_at for call in evidence.calls if call.verb == "reopen"}
    category_of = {pk: code for code, units in evidence.ground.units.items() for pk in units}
    for call in evidence.calls:
        if call.verb != "close" or call.outcome != "ok":
            continue
        assert call.answered_at is not None
        assert call.starts_at is not None
        assert call.ends_at is not None
        assert call.unit is not None
        claim = Claim(
            since=call.answered_at,
            until=reopened.get(call.closure, call.ends_at),
            starts_at=max(call.starts_at, call.answered_at),
            ends_at=call.ends_at,
            category=category_of[call.unit],
            unit=call.unit,
            weight=1,
            name=f"a closure ({call.name})",
        )
        if claim.since < claim.until and claim.starts_at < claim.ends_at:
            yield claim


def _most_at_once(claim: Claim, rivals: list[Claim]) -> int:
    """The largest number of units taken at one instant of the claim, its own included."""
    most = 0
    for instant in {claim.starts_at, *(one.starts_at for one in rivals)}:
        if claim.starts_at <= instant < claim.ends_at:
            at_once = [one for one in rivals if one.starts_at <= instant < one.ends_at]
            most = max(most, claim.weight + sum(one.weight for one in at_once))
    return most
