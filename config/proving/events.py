"""Checks that every event was recorded once a round, in a possible order."""

from collections import Counter
from collections.abc import Iterator

from config.proving.acting import by
from config.proving.evidence import Evidence
from config.proving.journal import Call
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

TAKES_BACK = {
    "check_in_undone": ("checked_in", "completed"),
    "check_out_undone": ("checked_out",),
    "reinstated": ("cancelled", "expired", "missed"),
}
"""The events whose facts are gone after an event, which begins the next round."""

BACK = "as before"
"""The state before the arrival, the departure or the end that was taken back."""

AFTER = {
    "": {"created": "held"},
    "held": {
        "confirmed": "to come",
        # Of a walk-in: the creation tells that it is confirmed.
        "checked_in": "here",
        "modified": "held",
        "reseated": "held",
        "swapped": "held",
        "expired": "expired",
        "cancelled": "cancelled",
        # It had lapsed, and no sweep had written that down.
        "reinstated": "held",
        "price_adjusted": "held",
    },
    "to come": {
        "modified": "to come",
        "reseated": "to come",
        "swapped": "to come",
        "checked_in": "here",
        "missed": "missed",
        "cancelled": "cancelled",
        # A stay that nobody saw begin.
        "checked_out": "gone",
        "rest_released": "to come",
        # It was a no-show, and no sweep had written that down.
        "reinstated": "to come",
        "price_adjusted": "to come",
        "fee_waived": "to come",
    },
    "missed": {
        "checked_in": "here",
        "rest_released": "missed",
        "reinstated": BACK,
        "price_adjusted": "missed",
        "fee_waived": "missed",
    },
    "here": {
        "modified": "here",
        "swapped": "here",
        "checked_out": "gone",
        "completed": "left",
        "check_in_undone": BACK,
        "price_adjusted": "here",
        "fee_waived": "here",
    },
    "left": {
        "checked_out": "gone",
        "check_in_undone": BACK,
        "price_adjusted": "left",
        "fee_waived": "left",
    },
    "gone": {"check_out_undone": BACK, "price_adjusted": "gone", "fee_waived": "gone"},
    "cancelled": {"reinstated": BACK, "fee_waived": "cancelled"},
    "expired": {"reinstated": BACK, "fee_waived": "expired"},
}
"""The events that may follow, by state. A guest whose stay was completed may still be
checked out."""

VERBS_OF = {
    "created": ("hold", "hold a unit", "hold together", "hold a group", "walk in"),
    "modified": ("modify", "move to a unit"),
    "swapped": ("swap units",),
    "cancelled": ("cancel", "cancel a group", "complete"),
    "checked_in": ("check in", "check a group in", "walk in", "enter a stay"),
    "checked_out": ("check out", "check a group out", "complete", "enter a stay"),
    "check_in_undone": ("undo check-in",),
    "check_out_undone": ("undo check-out",),
    "reinstated": ("reinstate", "enter a stay"),
    "rest_released": ("release the rest",),
    "price_adjusted": ("adjust the price",),
    "fee_waived": ("waive the fee",),
}
"""The verbs that record an event. A client records it at most once a call."""

ONE_EVENT = {
    "check in": "checked_in",
    "check out": "checked_out",
    "undo check-in": "check_in_undone",
    "undo check-out": "check_out_undone",
    "reinstate": "reinstated",
    "enter a stay": "reinstated",
    "release the rest": "rest_released",
}
"""The event that there is once a verb was acknowledged, whoever recorded it."""

ALWAYS = ("modified", "swapped")
"""The events that each acknowledged call records. Repeating other verbs records nothing."""


def judge(evidence: Evidence) -> Iterator[str]:
    """Yields events that are missing, doubled, wrongly dated, out of order or of the
    wrong caller.
    """
    for pk, row in evidence.reservations.items():
        told = evidence.events_of.get(pk, [])
        yield from _once(pk, told)
        yield from _facts(row, told)
        yield from _order(pk, told)
    yield from _by_whom(evidence)


def _once(pk: int, told: list[Event]) -> Iterator[str]:
    count = Counter((event.name, event.round) for event in told if event.name in ONCE)
    for (name, number), times in count.items():
        if times > 1:
            yield f"{name} of reservation {pk} is told {times} times in round {number}"
    if not any(event.name == "reservation.created" for event in told):
        yield f"the creation of reservation {pk} is not told"


def _facts(row: Reservation, told: list[Event]) -> Iterator[str]:
    at = {"confirmed": told[0].at} if told and told[0].data.get("walk_in") else {}
    number = 0
    for event in told:
        name = event.name.removeprefix("reservation.")
        for gone in TAKES_BACK.get(name, ()):
            at.pop(gone, None)
        number += name in TAKES_BACK
        if event.round != number:
            yield f"{name} of reservation {row.pk} is of round {event.round}, not {number}"
        if name in FACT_OF:
            at[name] = event.at
    if row.round != number:
        yield f"reservation {row.pk} is in round {row.round}; told are {number}"
    for name, fact in FACT_OF.items():
        if at.get(name) != getattr(row, fact):
            yield f"reservation {row.pk} has {fact} {getattr(row, fact)}; told is {at.get(name)}"


def _order(pk: int, told: list[Event]) -> Iterator[str]:
    names = [event.name.removeprefix("reservation.") for event in told]
    is_walk_in = bool(told and told[0].data.get("walk_in"))
    state, before = "", list[str]()
    for name in names:
        if name not in AFTER[state]:
            yield f"{name} of reservation {pk} came out of turn: {', '.join(names)}"
            return
        to = AFTER[state][name]
        if to == BACK:
            state = before.pop()
            continue
        if to in ("here", "gone", "cancelled", "expired", "missed") and to != state:
            before.append("to come" if is_walk_in and state == "held" else state)
        state = to


def _by_whom(evidence: Evidence) -> Iterator[str]:
    """Each client records what it was acknowledged, and nothing else."""
    done = Counter[tuple[int | None, str, str]](
        (event.reservation_id, event.by, event.name.removeprefix("reservation."))
        for event in evidence.events
    )
    least, most = Counter[tuple[int | None, str, str]](), Counter[tuple[int | None, str, str]]()
    for call in evidence.calls:
        for name, verbs in VERBS_OF.items():
            if call.verb not in verbs:
                continue
            for pk in call.ids or _made(call, evidence):
                least[pk, by(call.client).name, name] += call.outcome == "ok" and name in ALWAYS
                most[pk, by(call.client).name, name] += call.outcome in ("ok", "unknown")
    for key in done.keys() | most.keys():
        if key[2] in VERBS_OF and not least[key] <= done[key] <= most[key]:
            yield f"{key}: {most[key]} asked for and not refused, {done[key]} told"
    yield from _done_by_somebody(evidence)


def _made(call: Call, evidence: Evidence) -> set[int]:
    return {row.pk for row in evidence.by_mark.get(call.mark, [])}


def _done_by_somebody(evidence: Evidence) -> Iterator[str]:
    """Whoever repeats a verb is acknowledged too; somebody did it."""
    for call in evidence.calls:
        if call.outcome != "ok" or call.verb not in ONE_EVENT:
            continue
        for pk in call.ids & evidence.reservations.keys():
            told = {event.name for event in evidence.events_of.get(pk, [])}
            if f"reservation.{ONE_EVENT[call.verb]}" not in told:
                yield f"{call.name} was acknowledged; no {ONE_EVENT[call.verb]} of {pk} is told"
