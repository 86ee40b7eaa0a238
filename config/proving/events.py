"""Checks that every event was recorded once, in a possible order."""

from collections import Counter
from collections.abc import Iterator

from config.proving.acting import by
from config.proving.evidence import Evidence
from reservations.event_types import ONCE
from reservations.models import Event, Reservation

FACT_OF = {
    "confirmed": "confirmed_at",
    "checked_in": "checked_in_at",
    "checked_out": "checked_out_at",
    "cancelled": "cancelled_at",
    "expired": "expired_at",
    "missed": "missed_at",
    "completed": "completed_at",
}
"""The fact of each event. The reservation has both or neither, with the same instant."""

AFTER = {
    "": {"created": "held"},
    "held": {
        "confirmed": "to come",
        "modified": "held",
        "reseated": "held",
        "expired": "over",
        "cancelled": "over",
    },
    "to come": {
        "modified": "to come",
        "reseated": "to come",
        "checked_in": "here",
        "missed": "missed",
        "cancelled": "over",
    },
    "missed": {"checked_in": "here"},
    "here": {"modified": "here", "checked_out": "over", "completed": "left"},
    "left": {"checked_out": "over"},
    "over": {},
}
"""The events that may follow, by state. A guest whose stay was completed may still be
checked out."""


def judge(evidence: Evidence) -> Iterator[str]:
    """Yields events that are missing, doubled, wrongly dated, out of order or of the
    wrong caller.
    """
    for pk, row in evidence.reservations.items():
        told = evidence.events_of.get(pk, [])
        yield from _facts(row, told)
        yield from _order(pk, told)
    yield from _by_whom(evidence)


def _facts(row: Reservation, told: list[Event]) -> Iterator[str]:
    count = Counter(event.name for event in told)
    for name in ONCE:
        if count[name] > 1:
            yield f"{name} of reservation {row.pk} is told {count[name]} times"
    if not count["reservation.created"]:
        yield f"the creation of reservation {row.pk} is not told"
    at = {event.name: event.at for event in told}
    for name, fact in FACT_OF.items():
        if at.get(f"reservation.{name}") != getattr(row, fact):
            said = at.get(f"reservation.{name}")
            yield f"reservation {row.pk} has {fact} {getattr(row, fact)}; told is {said}"


def _order(pk: int, told: list[Event]) -> Iterator[str]:
    state, names = "", [event.name.removeprefix("reservation.") for event in told]
    for name in names:
        if name not in AFTER[state]:
            yield f"{name} of reservation {pk} came out of turn: {', '.join(names)}"
            return
        state = AFTER[state][name]


def _by_whom(evidence: Evidence) -> Iterator[str]:
    """Each client's changes of a reservation have as many events as were acknowledged."""
    done = Counter[tuple[int | None, str]](
        (event.reservation_id, event.by)
        for event in evidence.events
        if event.name == "reservation.modified"
    )
    changes = [call for call in evidence.calls if call.verb in ("modify", "move to a unit")]
    least, most = Counter[tuple[int | None, str]](), Counter[tuple[int | None, str]]()
    for call in changes:
        key = (call.about, by(call.client).name)
        least[key] += call.outcome == "ok"
        most[key] += call.outcome in ("ok", "unknown")
    for key in done.keys() | most.keys():
        if not least[key] <= done[key] <= most[key]:
            yield f"changes of {key}: {least[key]} acknowledged, {done[key]} told"
