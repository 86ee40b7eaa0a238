"""What an answer says of a price: its lines, its terms, its nights, and what cancelling costs."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Literal

import ninja
from pydantic import Field, create_model

from api.schemas import InstantOut, Money, money, to_z
from reservations.pricing import price_lines
from reservations.pricing.charges import LineKind, PriceLine
from reservations.pricing.owed import Cancellation
from reservations.pricing.payment_terms import AskedTerms
from venues.hours import Window
from venues.models import Category, Venue

FeeStep = create_model(
    "FeeStep",
    __base__=ninja.Schema,
    __doc__="From this instant on, cancelling costs this fee.",
    # A keyword of Python cannot name the field of a class.
    **{"from": (InstantOut, ...), "fee": (Money, ...)},  # type: ignore[call-overload]
)


class CancellationOut(ninja.Schema):
    """What cancelling costs."""

    free_until: Annotated[
        InstantOut | None, Field(description="Null where cancelling never costs.")
    ]
    fee_now: Annotated[
        Money, Field(description="What cancelling costs now; of a hold, once it is confirmed.")
    ]
    fee_due: Annotated[Money, Field(description="Fees that are owed already.")]
    steps: list[FeeStep]  # type: ignore[valid-type]


class LineOut(ninja.Schema):
    """A line of a price. Lines that are not `included` add up to the price."""

    kind: Annotated[
        LineKind, Field(description="`fee` is obligatory, `extra` was chosen by the guest.")
    ]
    text: str
    amount: Money
    tax_code: Annotated[
        str | None, Field(description="The tax, or the tax that is a share of the line.")
    ]
    tax_rate: Annotated[str | None, Field(description="In percent; null where it is no share.")]
    included: Annotated[
        bool, Field(description="True for a tax within other lines, or one that is paid elsewhere.")
    ]
    collected_by: Annotated[
        Literal["venue", "channel"],
        Field(description="`channel`: whoever brought the guest collects it."),
    ]


class TermsOut(ninja.Schema):
    """What is asked before a guest or partner confirms, as it was when the price was promised."""

    kind: Literal["none", "deposit", "prepayment", "guarantee"]
    percent: int | None
    amount: Money | None


class NightOut(ninja.Schema):
    """A night, and its part of the price."""

    date: date
    price: Money


def cancellation(costs: Cancellation, currency: str) -> dict[str, Any]:
    """Returns the document of what cancelling costs, as CancellationOut describes it."""
    return {
        "free_until": to_z(costs.free_until) if costs.free_until else None,
        "fee_now": money(costs.fee_now_minor, currency),
        "fee_due": money(costs.fee_due_minor, currency),
        "steps": [{"from": to_z(at), "fee": money(fee, currency)} for at, fee in costs.steps],
    }


def terms(asked: AskedTerms, currency: str) -> dict[str, Any]:
    """Returns the document of what is asked before confirming, as TermsOut describes it."""
    amount = asked.amount_minor
    return {
        "kind": asked.kind,
        "percent": asked.percent,
        "amount": None if amount is None else money(amount, currency),
    }


def lines(
    found: Iterable[PriceLine], window: Window, venue: Venue, category: Category
) -> list[dict[str, Any]]:
    """Returns the documents of the lines of a price, as LineOut describes them."""
    nights = price_lines.nights_of(window.start, window.end, venue.zone, category=category)
    return [
        {
            "kind": line.kind.value,
            "text": price_lines.text(line, category.name, nights),
            "amount": money(line.amount_minor, venue.currency),
            "tax_code": line.tax_code or None,
            "tax_rate": price_lines.rate(line),
            "included": not line.is_added,
            "collected_by": "channel" if line.is_of_channel else "venue",
        }
        for line in found
    ]
