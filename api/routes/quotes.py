"""Quotes: the price of a range line by line, with a token that promises it."""

from typing import Annotated

import ninja
from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from api.auth import OPTIONAL, KnownRequest
from api.replies import reply
from api.schemas import InstantOut, Money, money, problems, to_z
from api.time_ranges import ANSWERS, Category, Range, times_of, told
from reservations import clock, records
from reservations.errors import Invalid
from reservations.pricing import quotes
from reservations.rules import booking_window, modes
from reservations.rules.categories import categories_for, categories_seating
from reservations.rules.guest_fields import LARGEST_PARTY

router = Router(tags=["venues"])


class QuoteIn(Range):
    guest_count: Annotated[int, Field(ge=1, le=LARGEST_PARTY, strict=True)] = 1
    category: Category | None = None


class QuoteLine(ninja.Schema):
    label: str
    price: Money


class QuoteOut(ninja.Schema):
    quote: str
    category: str
    starts_at: InstantOut
    ends_at: InstantOut
    price: Money
    items: list[QuoteLine]
    expires_at: InstantOut


@router.post(
    "/{slug:slug}/quote",
    operation_id="createQuote",
    auth=OPTIONAL,
    response={200: QuoteOut, **ANSWERS, **problems(409)},
)
def quote(request: KnownRequest, slug: str, data: QuoteIn) -> HttpResponse:
    """Quote the price of a range, line by line. The token promises it for fifteen minutes."""
    venue, now = records.find_venue(slug), clock.now()
    window = modes.resolve(venue, times_of(data), now)
    booking_window.judge_request(venue, window, None, now)
    categories = categories_for(venue, data.category, data.guest_count, window)
    if not categories:
        raise Invalid("category", "This venue has nothing to sell.")
    category = categories_seating(categories, data.guest_count)[0]
    made = quotes.quote(venue, category, window, data.guest_count, now=now)
    lines = [
        {"label": str(item.label), "price": money(item.amount_minor, venue.currency)}
        for item in made.items
    ]
    return reply(
        {
            "quote": made.token,
            "category": category.code,
            **told(window),
            "price": money(made.amount_minor, venue.currency),
            "items": lines,
            "expires_at": to_z(made.expires_at),
        }
    )
