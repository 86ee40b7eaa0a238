"""What may become of reservations in closed time, as choices of a page, and what was chosen."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from desk import phrases
from guests.callers import Caller
from reservations.alternatives import find
from reservations.alternatives.change_search import Promised
from reservations.alternatives.search import Alternative
from reservations.inventory.affected_reservations import Affected
from reservations.inventory.decisions import Decision, Decisions, Outcome
from reservations.models import Reservation
from reservations.requests import Change
from reservations.rules import modes
from reservations.status import Status
from venues.hours import Window
from venues.models import Policy, Venue

MARK = "affected-"
"""How the names of this page's own fields begin; the others are those of the form before it."""
WHAT, VERSION, ALL, REASON, FIRST = (
    f"{MARK}{name}" for name in ("what-", "version-", "all", "reason", "first-")
)
OFFERED = "offered"
"""The choice for all to get the first unit or time that is offered to each."""

MOST_OFFERS = 30
"""For how many reservations other units and times are looked up: each takes some queries."""


@dataclass(frozen=True, slots=True)
class Option:
    """One choice: the value of its field, and its text."""

    value: str
    text: str | Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A reservation on the page, with what may become of it. `chosen` is a value or ""."""

    one: Affected
    span: str
    units: str
    status: str | Promise
    options: list[Option]
    first: str
    """The first other unit or time that is offered, or ""."""
    chosen: str = ""
    is_movable: bool = False
    """True when the engine finds another unit by itself where nothing is chosen."""

    @property
    def row(self) -> Reservation:
        return self.one.reservation


FOR_ALL = {
    Outcome.KEEP: Option(Outcome.KEEP.value, _("Keep: it stays where it is")),
    Outcome.MOVE: Option(Outcome.MOVE.value, _("Another unit at the same time")),
    Outcome.CANCEL: Option(Outcome.CANCEL.value, _("Cancel: the guest owes no fee")),
}
OFFER = Option(OFFERED, _("The first unit or time that is offered to each"))
RELEASE = Option(Outcome.CANCEL.value, _("Give the time to others: the guest did not come"))


def for_all(*, may_keep: bool) -> list[Option]:
    """The choices for all reservations at once."""
    keep = [FOR_ALL[Outcome.KEEP]] if may_keep else []
    return [*keep, FOR_ALL[Outcome.MOVE], OFFER, FOR_ALL[Outcome.CANCEL]]


def rows_of(
    affected: list[Affected],
    venue: Venue,
    sent: QueryDict,
    *,
    may_keep: bool,
    reseats: bool,
    by: Caller,
    now: datetime,
) -> list[Row]:
    """The rows of the page, with offers by the venue as it is in this transaction.

    `reseats`: those whose unit is not promised get another one by themselves.
    """
    rows: list[Row] = []
    # What is offered first to one is not offered to the next.
    promised: list[Promised] = []
    for one in affected:
        moves = _moves(one, venue, by, now, promised) if len(rows) < MOST_OFFERS else []
        rows.append(_row(one, venue, sent, moves, may_keep=may_keep))
        if rows[-1].first and moves[0].unit is not None:
            promised.append((moves[0].unit.pk, moves[0].window))
    return [replace(row, is_movable=reseats and not row.one.is_pinned) for row in rows]


def decided(venue: Venue, sent: QueryDict) -> tuple[Decisions, bool]:
    """The decisions that were sent, and whether some are lacking."""
    found: dict[int, Decision] = {}
    is_lacking = False
    for pk, version in _versions(sent):
        value = sent.get(f"{WHAT}{pk}") or sent.get(ALL, "")
        if value == OFFERED:
            value = sent.get(f"{FIRST}{pk}", "")
        decision = _decision(value, version, venue)
        if decision is not None:
            found[pk] = decision
        elif f"{MARK}movable-{pk}" not in sent:
            is_lacking = True
    return found, is_lacking


def _versions(sent: QueryDict) -> Iterator[tuple[int, int]]:
    for name in sent:
        key, version = name.removeprefix(VERSION), sent.get(name, "")
        is_ours = name.startswith(VERSION) and key.isdecimal() and version.isdecimal()
        if is_ours and max(len(key), len(version)) <= 18:
            yield int(key), int(version)


def _decision(value: str, version: int, venue: Venue) -> Decision | None:
    if value in list(Outcome):
        return Decision(outcome=Outcome(value), version=version)
    kind, _sep, rest = value.partition("|")
    parts = rest.split("|")
    if kind != Outcome.MOVE.value or len(parts) != 4:
        return None
    unit, category, *ends = parts
    try:
        start, end = (datetime.fromisoformat(at) for at in ends)
        window = Window(start, end)
        times = modes.times_of(venue, window)
        resource = int(unit) if unit else None
    except (ValueError, OverflowError):
        return None
    return Decision(
        outcome=Outcome.MOVE, version=version, times=times, resource=resource, category=category
    )


def _row(
    one: Affected,
    venue: Venue,
    sent: QueryDict,
    found: Sequence[Alternative],
    *,
    may_keep: bool,
) -> Row:
    row = one.reservation
    moves = [Option(_value(offer), _text(offer, venue)) for offer in found]
    options = [FOR_ALL[Outcome.KEEP]] if may_keep else []
    if one.status is Status.NO_SHOW:
        options.append(RELEASE)
        moves = []
    else:
        options += [FOR_ALL[Outcome.MOVE], *moves]
    if one.status in (Status.HELD, Status.UPCOMING):
        options.append(FOR_ALL[Outcome.CANCEL])
    return Row(
        one=one,
        span=phrases.span(row.starts_at, row.ends_at, venue.zone),
        units=", ".join(unit.name for unit in one.units),
        status=phrases.LABELS[one.status],
        options=options,
        first=moves[0].value if moves else "",
        chosen=sent.get(f"{WHAT}{row.pk}", ""),
    )


def _moves(
    one: Affected, venue: Venue, by: Caller, now: datetime, promised: Collection[Promised]
) -> list[Alternative]:
    """Other units and times that are free for the guest, nearest first."""
    row = one.reservation
    may_choose = venue.policy.unit_choice == Policy.UnitChoice.GUEST and len(one.units) == 1
    change = Change(resource=one.units[0].pk) if may_choose else Change()
    found = find.for_change(row, change, by=by, now=now, promised=promised)
    sold = Window(row.starts_at, row.ends_at)
    if modes.sells_nights(venue) and one.status in (Status.HELD, Status.UPCOMING):
        usual = modes.resolve(venue, modes.times_of(venue, sold))
        if usual != sold:
            unit = one.units[0] if one.is_pinned and len(one.units) == 1 else None
            offer = Alternative(usual, row.category, unit, row.price_minor)
            found.insert(0, offer)
    return found


def _value(offer: Alternative) -> str:
    unit = str(offer.unit.pk) if offer.unit else ""
    ends = (offer.window.start.isoformat(), offer.window.end.isoformat())
    return "|".join([Outcome.MOVE.value, unit, offer.category.code, *ends])


def _text(offer: Alternative, venue: Venue) -> str:
    place = offer.unit.name if offer.unit else offer.category.name
    span = phrases.span(offer.window.start, offer.window.end, venue.zone)
    return gettext("Move to %(place)s, %(span)s") % {"place": place, "span": span}
