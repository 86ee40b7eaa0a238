"""Checks that the database has what was answered: nothing lost, added or different."""

from collections.abc import Iterator
from datetime import datetime

from config.proving.evidence import Evidence
from config.proving.journal import FACTS, Call, Seen
from reservations.models import Reservation

VERB_OF = {
    "confirmed_at": (
        "confirm", "confirm at the edge", "confirm a group", "check in", "check a group in",
        "walk in", "enter a stay",
    ),
    "checked_in_at": ("check in", "check a group in", "walk in", "enter a stay"),
    "checked_out_at": ("check out", "check a group out", "complete"),
    "cancelled_at": ("cancel", "cancel a group", "complete"),
}  # fmt: skip
"""The verbs that set a fact."""

SWEPT = ("reservation.expired", "reservation.missed", "reservation.completed")
"""The events of writes that no call asks for. Each can happen once a round."""

MAKES = ("hold", "hold a unit", "hold together", "hold a group", "walk in")
"""The verbs that make reservations."""

WHOLE = {
    "confirm a group": "confirmed_at",
    "cancel a group": "cancelled_at",
    "check a group in": "checked_in_at",
    "check a group out": "checked_out_at",
}
"""The fact that all of a group have after the verb, unless they are left out as over."""

UNFOUNDED = ("not_found", "forbidden")
"""Refusals that are always wrong here: nothing is deleted, and every client may do everything."""


def made(evidence: Evidence) -> Iterator[str]:
    """Yields calls without the right number of reservations: acknowledged ones exist, refused ones
    do not, unknown ones at most once.
    """
    for call in evidence.calls:
        if call.verb not in MAKES:
            continue
        rows = evidence.by_mark.get(call.mark, [])
        allowed = {"ok": {call.count}, "unknown": {0, call.count}}.get(call.outcome, {0})
        if len(rows) not in allowed:
            word = "acknowledged" if call.outcome == "ok" else call.outcome
            yield f"{call.name} was {word}, and {len(rows)} reservations of it are there"
        if lost := {row.id for row in call.seen} - {row.pk for row in rows}:
            yield f"{call.name} was answered with reservations {sorted(lost)}, which are not there"
    for mark in evidence.by_mark.keys() - {call.mark for call in evidence.calls}:
        yield f"nobody asked for the reservation marked {mark!r}"


def kept(evidence: Evidence) -> Iterator[str]:
    """Yields reservations that differ from their last answer, except by sweeps or lost answers."""
    for pk, row in evidence.reservations.items():
        calls = evidence.calls_of.get(pk, [])
        told = {one.version: one for call in calls for one in call.seen if one.id == pk}
        unknown = [call for call in calls if call.outcome == "unknown" and pk in call.ids]
        swept = sum(event.name in SWEPT for event in evidence.events_of.get(pk, []))
        yield from _counted(row, told, unknown, swept)
        yield from _as_told(row, told)
        yield from _meant(row, calls)


def groups(evidence: Evidence) -> Iterator[str]:
    """Yields groups that exist in part or under several ids, or were changed in part."""
    for call in evidence.calls:
        if call.verb in WHOLE and call.outcome == "ok":
            yield from _in_part(call)
        rows = evidence.by_mark.get(call.mark, [])
        if call.verb != "hold a group" or not rows:
            continue
        ids = {row.group_id for row in rows}
        if len(rows) != call.count or len(ids) != 1 or None in ids:
            yield f"of the {call.count} of {call.name}, {len(rows)} are there, as groups {ids}"


def in_order(evidence: Evidence) -> Iterator[str]:
    """Yields answers with an older version than one that was answered before the call."""
    for pk, calls in evidence.calls_of.items():
        newest = 0
        answers = [(call, one.version) for call in calls for one in call.seen if one.id == pk]
        answers.sort(key=lambda answer: answer[0].answered_at or answer[0].asked_at)
        done = list(answers)
        for call, version in sorted(answers, key=lambda answer: answer[0].asked_at):
            while done and (done[0][0].answered_at or done[0][0].asked_at) < call.asked_at:
                newest = max(newest, done.pop(0)[1])
            if version < newest:
                yield f"{call.name} was told version {version} of {pk} after {newest} had been"


def faults(evidence: Evidence) -> Iterator[str]:
    """Yields answers that are neither success, nor a possible refusal, nor lost, and violations
    seen.
    """
    for call in evidence.calls:
        if call.outcome == "refused" and call.code in UNFOUNDED:
            yield f"{call.name} was refused with {call.code}"
        elif call.outcome == "fault":
            yield f"{call.name} failed: {call.code}"
        elif call.outcome == "seen":
            yield f"{call.name} saw that {call.code}"


def _in_part(call: Call) -> Iterator[str]:
    if missing := call.ids - {row.id for row in call.seen}:
        yield f"{call.name} was answered without reservations {sorted(missing)} of the group"
    fact = WHOLE[call.verb]
    left_out = [row.id for row in call.seen if not (getattr(row, fact) or _is_over(row, call))]
    if left_out:
        yield f"{call.name} was answered, and did nothing to reservations {left_out}"


def _is_over(row: Seen, call: Call) -> bool:
    """True when the verb may have left the reservation out: cancelled, expired or a no-show."""
    if row.cancelled_at or call.verb in ("confirm a group", "check a group in"):
        return row.cancelled_at is not None
    ends_at = row.no_show_at if row.confirmed_at else row.hold_expires_at
    return not row.checked_in_at and bool(
        ends_at and call.answered_at and ends_at <= call.answered_at
    )


def _counted(
    row: Reservation, told: dict[int, Seen], unknown: list[Call], swept: int
) -> Iterator[str]:
    """Each write makes one version, so a write that nobody asked for shows, and a lost one too."""
    known = len(told.keys() | {1}) + swept
    # An answer may have told the sweep's version too.
    least = max(told, default=1)
    if row.version < least:
        yield f"reservation {row.pk} was told as version {least} and is version {row.version}"
    if row.version > known + len(unknown):
        yield f"reservation {row.pk} is version {row.version}; {known} writes of it are known"


def _as_told(row: Reservation, told: dict[int, Seen]) -> Iterator[str]:
    last = told.get(row.version)
    for name in FACTS if last is not None else ():
        if getattr(row, name) != getattr(last, name):
            is_now, was = getattr(row, name), getattr(last, name)
            yield f"reservation {row.pk} was told with {name} {was} and has {is_now}"


def _meant(row: Reservation, calls: list[Call]) -> Iterator[str]:
    """Within a round facts are as answered, and each was asked for."""
    for name, verbs in VERB_OF.items():
        at = getattr(row, name)
        said: dict[int, set[datetime | None]] = {row.round: {at}}
        for one in (one for call in calls for one in call.seen if one.id == row.pk):
            said.setdefault(one.round, set()).add(getattr(one, name))
        if wrong := said.pop(row.round) - {None, at}:
            yield f"{name} of reservation {row.pk} is {at}, and was answered as {wrong.pop()}"
        for number, instants in said.items():
            if len(instants - {None}) > 1:
                yield f"{name} of reservation {row.pk} had several values in round {number}"
        asked = any(call.verb in verbs and call.outcome in ("ok", "unknown") for call in calls)
        if at is not None and not asked:
            yield f"{name} of reservation {row.pk} is {at}, and nobody was answered so"
