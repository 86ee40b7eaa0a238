"""What a venue promised when a reservation was made: its policy, and what it asked for.

It is part of the terms of the reservation, so a later change of the policy changes nothing sold.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from reservations.pricing import payment_terms
from reservations.pricing.payment_terms import AskedTerms, CancelStep
from venues.hours import Window
from venues.models import Category, PaymentTerm, Policy, Venue

_SECOND = timedelta(seconds=1)


class Columns(Protocol):
    """The columns of a reservation from which its terms are read."""

    starts_at: datetime
    ends_at: datetime
    price_minor: int
    tariff: dict[str, Any] | None
    no_show_at: datetime | None
    checked_out_at: datetime | None
    cancel_free_until: datetime | None
    cancel_fee_minor: int
    guest_count: int
    children: list[int] | None


@dataclass(frozen=True, slots=True)
class Promised:
    """The policy as it was when the reservation was made. `fee_percent` is that of cancelling.

    Where cancelling costs more step by step, it is the highest, and `deadline` that of the first.
    """

    grace: timedelta
    deadline: timedelta
    fee_percent: int
    leaving_grace: timedelta
    may_change_late: bool
    steps: tuple[CancelStep, ...] = ()
    asked: AskedTerms = payment_terms.NOTHING

    def percent_at(self, start: datetime, now: datetime) -> int:
        """The percentage that giving up costs at `now`, once it is no longer free."""
        if not self.steps:
            return self.fee_percent
        return payment_terms.percent_at(self.steps, start, now)


def promised_by(venue: Venue, category: Category, window: Window) -> Promised:
    """What the venue promises, and asks for, of those who book a range in a category now."""
    start = window.start.astimezone(venue.zone).date()
    term = payment_terms.chosen(venue, category.pk, start)
    promised = replace(_usual(venue.policy), asked=payment_terms.asked_by(term))
    return _stepped(promised, payment_terms.steps_of(term))


def stricter(sold: Promised, offered: Promised, price_minor: int, *, asked_minor: int) -> Promised:
    """What holds after a change to what is offered on other terms: of each, what asks more.

    So nobody comes by a stay that must be prepaid through one that need not be. Of cancelling, what
    the venue's policy says in general stays as it was sold; steps of the new terms count. Where the
    new terms ask less, what was asked before, `asked_minor`, stays asked, however dear it becomes.
    """
    ours, theirs = sold.asked, offered.asked
    kept_minor = min(ours.due_now(price_minor), asked_minor)
    if kept_minor and theirs.due_now(price_minor) < ours.due_now(price_minor):
        ours = AskedTerms(PaymentTerm.Asks.DEPOSIT.value, amount_minor=kept_minor)
    asks_more = _asks(theirs, price_minor) > _asks(ours, price_minor)
    promised = replace(sold, asked=theirs if asks_more else ours)
    if not offered.steps:
        return promised
    kept = sold.steps or (CancelStep(sold.deadline, sold.fee_percent),)
    merged = payment_terms.dearest(kept, offered.steps)
    return promised if merged == kept else _stepped(promised, merged)


def _asks(asked: AskedTerms, price_minor: int) -> tuple[int, bool]:
    return asked.due_now(price_minor), asked.is_guarantee


def _stepped(promised: Promised, steps: tuple[CancelStep, ...]) -> Promised:
    """The promise with steps of cancelling, where there are any."""
    costing = [one for one in steps if one.percent]
    if not steps:
        return promised
    if not costing:
        return replace(promised, fee_percent=0)
    first, last = costing[0], costing[-1]
    return replace(promised, deadline=first.before, fee_percent=last.percent, steps=steps)


def to_json(promised: Promised) -> dict[str, Any]:
    """The promise as terms keep it."""
    written: dict[str, Any] = {
        "grace": promised.grace // _SECOND,
        "deadline": promised.deadline // _SECOND,
        "fee_percent": promised.fee_percent,
        "leaving_grace": promised.leaving_grace // _SECOND,
        "may_change_late": promised.may_change_late,
    }
    if promised.steps:
        written["steps"] = payment_terms.steps_to_json(promised.steps)
    if promised.asked != payment_terms.NOTHING:
        written["asked"] = promised.asked.to_json()
    return written


def from_json(written: Mapping[str, Any]) -> Promised:
    """The promise that `to_json` wrote."""
    return Promised(
        grace=written["grace"] * _SECOND,
        deadline=written["deadline"] * _SECOND,
        fee_percent=written["fee_percent"],
        leaving_grace=written["leaving_grace"] * _SECOND,
        may_change_late=written["may_change_late"],
        steps=payment_terms.steps_from_json(written.get("steps", ())),
        asked=payment_terms.asked_from_json(written.get("asked")),
    )


def of_columns(reservation: Columns, policy: Policy, written: Mapping[str, Any]) -> Promised:
    """What was promised. For older reservations, as far as their instants and their fee tell."""
    if "policy" in written:
        return from_json(written["policy"])
    promised = _usual(policy)
    if reservation.cancel_free_until is not None:
        deadline = reservation.starts_at - reservation.cancel_free_until
        promised = replace(promised, deadline=deadline)
    if reservation.no_show_at is not None and reservation.no_show_at < reservation.ends_at:
        promised = replace(promised, grace=reservation.no_show_at - reservation.starts_at)
    if reservation.price_minor:
        # The fee was rounded down, so the percentage is rounded up.
        percent = -(-100 * reservation.cancel_fee_minor // reservation.price_minor)
        promised = replace(promised, fee_percent=percent)
    return promised


def _usual(policy: Policy) -> Promised:
    return Promised(
        grace=policy.grace,
        deadline=policy.cancel_deadline,
        fee_percent=policy.cancel_fee_percent,
        leaving_grace=policy.leaving_grace,
        may_change_late=policy.guests_change_late,
    )
