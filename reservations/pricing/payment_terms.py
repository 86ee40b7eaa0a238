"""What a venue asks before a guest confirms, and its steps of what cancelling costs.

A reservation keeps both, in the policy of its terms. Amounts are in minor units.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from venues import prices
from venues.models import PaymentTerm, Venue
from venues.models.payment_term import length_of

_SECOND = timedelta(seconds=1)
_HUNDRED = 100


@dataclass(frozen=True, slots=True)
class AskedTerms:
    """What is asked of one stay. A deposit has a percentage of the price, or an amount."""

    kind: str = PaymentTerm.Asks.NONE.value
    percent: int | None = None
    amount_minor: int | None = None

    @property
    def is_guarantee(self) -> bool:
        """True when a stored card is asked for, and no money."""
        return self.kind == PaymentTerm.Asks.GUARANTEE

    def due_now(self, price_minor: int) -> int:
        """What must be paid before confirming a stay of this price, a half rounded up.

        A deposit above the price is the price.
        """
        if self.kind == PaymentTerm.Asks.PREPAYMENT:
            return price_minor
        if self.kind != PaymentTerm.Asks.DEPOSIT:
            return 0
        if self.percent is not None:
            return prices.half_up(Fraction(price_minor * self.percent, _HUNDRED))
        return min(self.amount_minor or 0, price_minor)

    def to_json(self) -> dict[str, Any]:
        """Returns this as a reservation keeps it."""
        given = {"kind": self.kind, "percent": self.percent, "amount_minor": self.amount_minor}
        return {name: value for name, value in given.items() if value is not None}


NOTHING = AskedTerms()


@dataclass(frozen=True, slots=True)
class CancelStep:
    """From `before` the start on, cancelling costs this percentage of the price."""

    before: timedelta
    percent: int


def chosen(venue: Venue, category_id: int, start: date) -> PaymentTerm | None:
    """Returns the terms of the venue for a stay in a category that begins on a date, or None.

    The narrowest first: of a category and dates, of a category, of dates, of the venue. Of two
    periods the shorter, of two that are alike the older. Runs no query for a cached venue.
    """
    fitting = (row for row in venue.payment_terms.all() if _fits(row, category_id, start))
    return min(fitting, key=_breadth, default=None)


def may_ask(venue: Venue) -> bool:
    """True where some stays are paid, or a card stored, before they are confirmed."""
    return any(term.kind != PaymentTerm.Asks.NONE for term in venue.payment_terms.all())


def asked_by(term: PaymentTerm | None) -> AskedTerms:
    """Returns what the terms ask for."""
    return AskedTerms(term.kind, term.percent, term.amount_minor) if term is not None else NOTHING


def steps_of(term: PaymentTerm | None) -> tuple[CancelStep, ...]:
    """Returns the steps of the terms, the farthest from the start first; () for the policy's."""
    return tuple(CancelStep(length_of(one), one["percent"]) for one in term.steps) if term else ()


def asked_from_json(written: Mapping[str, Any] | None) -> AskedTerms:
    """Returns what `AskedTerms.to_json` wrote; nothing where nothing was kept."""
    return AskedTerms(**written) if written else NOTHING


def as_sold(tariff: Mapping[str, Any] | None) -> AskedTerms:
    """Returns what was asked, as the column `tariff` keeps it."""
    return asked_from_json((tariff or {}).get("policy", {}).get("asked"))


def steps_to_json(steps: Iterable[CancelStep]) -> list[list[int]]:
    """Returns the steps as a reservation keeps them: seconds before the start, and a percentage."""
    return [[one.before // _SECOND, one.percent] for one in steps]


def steps_from_json(written: Iterable[Iterable[int]]) -> tuple[CancelStep, ...]:
    """Returns the steps that `steps_to_json` wrote."""
    return tuple(CancelStep(before * _SECOND, percent) for before, percent in written)


def steps_as_sold(tariff: Mapping[str, Any] | None) -> tuple[CancelStep, ...]:
    """Returns the steps that the column `tariff` keeps; () where the policy had one date alone."""
    return steps_from_json((tariff or {}).get("policy", {}).get("steps", ()))


def percent_at(steps: Iterable[CancelStep], start: datetime, now: datetime) -> int:
    """The percentage that cancelling costs at `now` by these steps. At a step itself, the lower."""
    reached = [one.percent for one in steps if now > start - one.before]
    return reached[-1] if reached else 0


def dearest(ours: tuple[CancelStep, ...], theirs: tuple[CancelStep, ...]) -> tuple[CancelStep, ...]:
    """Returns steps that cost at each moment what the dearer of the two costs."""
    merged: list[CancelStep] = []
    for before in sorted({one.before for one in (*ours, *theirs)}, reverse=True):
        percent = max(_percent_from(ours, before), _percent_from(theirs, before))
        if not merged or merged[-1].percent != percent:
            merged.append(CancelStep(before, percent))
    return tuple(merged)


def _percent_from(steps: Iterable[CancelStep], before: timedelta) -> int:
    """The percentage from so long before the start on."""
    reached = [one.percent for one in steps if one.before >= before]
    return reached[-1] if reached else 0


def _fits(term: PaymentTerm, category_id: int, start: date) -> bool:
    if term.category_id not in (None, category_id):
        return False
    has_begun = term.first_date is None or term.first_date <= start
    return has_begun and (term.last_date is None or start <= term.last_date)


def _breadth(term: PaymentTerm) -> tuple[bool, bool, timedelta, int]:
    first, last = term.first_date or date.min, term.last_date or date.max
    has_dates = term.first_date is not None or term.last_date is not None
    return term.category_id is None, not has_dates, last - first, term.pk or 0
