"""Checks that the database has what was answered: nothing lost, added or different."""

from collections.abc import Iterator

from config.proving.evidence import Evidence
from config.proving.journal import FACTS, Call, Seen
from reservations.models import Reservation

VERB_OF = {
    "confirmed_at": ("confirm", "confirm at the edge", "check in"),
    "checked_in_at": ("check in",),
    "checked_out_at": ("check out",),
    "cancelled_at": ("cancel",),
}
"""The verbs that set a fact."""

UNFOUNDED = ("not_found", "forbidden")
"""Refusals that are always wrong here: nothing is deleted, and every client may do everything."""


def made(evidence: Evidence) -> Iterator[str]:
    """Yields calls without the right number of reservations: acknowledged ones exist, refused ones
    do not, unknown ones at most once.
    """
    for call in evidence.calls:
        if not call.verb.startswith("hold"):
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
        unknown = [call for call in calls if call.outcome == "unknown" and call.about == pk]
        yield from _counted(row, told, unknown)
        yield from _as_told(row, told)
        yield from _meant(row, calls)


def groups(evidence: Evidence) -> Iterator[str]:
    """Yields groups that exist in part, or under several ids."""
    for call in evidence.calls:
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


def _counted(row: Reservation, told: dict[int, Seen], unknown: list[Call]) -> Iterator[str]:
    """Each write makes one version, so a write that nobody asked for shows, and a lost one too."""
    by_time = [row.expired_at, row.missed_at, row.completed_at]
    known = len(told.keys() | {1}) + sum(at is not None for at in by_time)
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
    """Facts are as answered, and each was asked for."""
    for name, verbs in VERB_OF.items():
        at = getattr(row, name)
        said = {getattr(one, name) for call in calls for one in call.seen if one.id == row.pk}
        if wrong := said - {None, at}:
            yield f"{name} of reservation {row.pk} is {at}, and was answered as {wrong.pop()}"
        asked = any(call.verb in verbs and call.outcome in ("ok", "unknown") for call in calls)
        if at is not None and not asked:
            yield f"{name} of reservation {row.pk} is {at}, and nobody was answered so"
