"""Says what is owed for a reservation, and what cancelling costs. Amounts are in minor units.

`owed` and `owed_expression` are twins: a test compares them for every status.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db.models import BigIntegerField, Case, F, Q, When

from reservations.pricing import payment_terms
from reservations.pricing.payment_terms import CancelStep
from reservations.pricing.promises import Promised
from reservations.status import TO_COME, Facts, Status, status_of


class Priced(Facts, Protocol):
    """The columns of a reservation from which these figures are worked out."""

    created_at: datetime
    tariff: dict[str, Any] | None
    price_minor: int
    paid_minor: int
    fee_due_minor: int
    cancel_free_until: datetime | None
    cancel_fee_minor: int
    is_no_show_released: bool


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What cancelling costs, and what is owed for it already.

    `free_until` is None where cancelling never costs. From then on it costs `fee_minor`, the fee of
    the first of the `steps`: each an instant (UTC) and the fee from there on.
    """

    free_until: datetime | None
    fee_minor: int
    fee_now_minor: int
    fee_due_minor: int
    steps: tuple[tuple[datetime, int], ...] = ()


def cancellation(row: Priced, now: datetime) -> Cancellation:
    """The costs of cancelling a reservation at `now` (UTC); of a hold, once it is confirmed."""
    fee_now = fee_at(row, now) if status_of(row, now) in TO_COME else 0
    return _told(_steps_of(row), row.created_at, fee_now, fee_due(row, now))


def of_offer(promised: Promised, price_minor: int, start: datetime, now: datetime) -> Cancellation:
    """The costs of cancelling what is booked at `now` (UTC) at this price and begins at `start`."""
    steps = _steps(
        promised.steps,
        start=start,
        free_until=start - promised.deadline,
        price_minor=price_minor,
        highest_minor=price_minor * promised.fee_percent // 100,
    )
    return _told(steps, now, _fee_at(steps, now), 0)


def fee_at(row: Priced, now: datetime) -> int:
    """The fee for cancelling at `now`, whatever the status; 0 while it is free."""
    return _fee_at(_steps_of(row), now)


def is_late(row: Priced, now: datetime) -> bool:
    """True when cancelling is no longer free. At `cancel_free_until` itself it still is."""
    return row.cancel_free_until is not None and now > row.cancel_free_until


def fee_due(row: Priced, now: datetime) -> int:
    """The fees that are owed already, less what was waived.

    A no-show whose time the venue gave to others owes what cancelling late would have cost.
    """
    is_given_up = row.is_no_show_released and status_of(row, now) is Status.NO_SHOW
    return row.fee_due_minor + (row.cancel_fee_minor if is_given_up else 0)


def owed(row: Priced, now: datetime) -> int:
    """All that is owed for the reservation, paid or not: its price and its fees."""
    match status_of(row, now):
        case Status.CANCELLED | Status.EXPIRED:
            return row.fee_due_minor
        case Status.NO_SHOW if row.is_no_show_released:
            return fee_due(row, now)
        case _:
            return row.price_minor + row.fee_due_minor


def due(row: Priced, now: datetime) -> int:
    """What is owed and not paid, never negative."""
    return max(0, owed(row, now) - row.paid_minor)


def owed_expression() -> Case:
    """An SQL expression for what `owed` returns, over rows `with_status`. Must match it."""
    over = [int(Status.CANCELLED), int(Status.EXPIRED)]
    given_up = Q(status_number=int(Status.NO_SHOW), is_no_show_released=True)
    return Case(
        When(status_number__in=over, then=F("fee_due_minor")),
        When(given_up, then=F("fee_due_minor") + F("cancel_fee_minor")),
        default=F("price_minor") + F("fee_due_minor"),
        output_field=BigIntegerField(),
    )


_Steps = list[tuple[datetime, int]]


def _steps_of(row: Priced) -> _Steps:
    if row.cancel_free_until is None:
        return []
    return _steps(
        payment_terms.steps_as_sold(row.tariff),
        start=row.starts_at,
        free_until=row.cancel_free_until,
        price_minor=row.price_minor,
        highest_minor=row.cancel_fee_minor,
    )


def _steps(
    steps: Sequence[CancelStep],
    *,
    start: datetime,
    free_until: datetime,
    price_minor: int,
    highest_minor: int,
) -> _Steps:
    """The instants from which on cancelling costs more, each with its fee. The last is `highest`.

    A fee that was put right since, such as that of a no-show, is none of the steps' any more.
    """
    if not highest_minor:
        return []
    found = [(free_until, highest_minor)]
    costing = [one for one in steps if one.percent]
    if len(costing) > 1:
        instants = [free_until, *(start - one.before for one in costing[1:])]
        fees = [min(price_minor * one.percent // 100, highest_minor) for one in costing[:-1]]
        found = list(zip(instants, [*fees, highest_minor], strict=True))
    return [(at, fee) for at, fee in found if fee]


def _fee_at(steps: _Steps, now: datetime) -> int:
    reached = [fee for at, fee in steps if now > at]
    return reached[-1] if reached else 0


def _told(steps: _Steps, since: datetime, fee_now: int, fee_due_minor: int) -> Cancellation:
    """`since` is when it was booked: a step before that begins there, and hides those before it."""
    passed = [fee for at, fee in steps if at <= since]
    shown = [
        *((since, fee) for fee in passed[-1:]),
        *((at, fee) for at, fee in steps if at > since),
    ]
    if not shown:
        return Cancellation(None, 0, fee_now, fee_due_minor)
    free_until, fee = shown[0]
    return Cancellation(free_until, fee, fee_now, fee_due_minor, tuple(shown))
