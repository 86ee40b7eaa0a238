"""Quotes: the price of a range line by line, with a token that promises it."""

import ninja
from django.http import HttpResponse
from ninja import Router

from api.answers import prices
from api.auth import OPTIONAL, KnownRequest
from api.replies import reply
from api.schemas import Id, InstantOut, Money, money, parse_id, problems, to_z
from api.time_ranges import ANSWERS, Category, Range, times_of, told
from api.wishes.parties import UsualPartyIn
from api.wishes.reservations import Extras
from reservations import clock, records
from reservations.errors import Invalid, NotFound, PartyTooLarge
from reservations.pricing import quotes
from reservations.pricing.charges import Party
from reservations.rules import booking_window, modes, permissions
from reservations.rules.categories import categories_for, categories_seating, priced_as
from venues import catalogue
from venues.hours import Window
from venues.models import Category as PricedCategory
from venues.models import Resource, Venue

router = Router(tags=["venues"])


class QuoteIn(Range, UsualPartyIn):
    category: Category | None = None
    resource: Id | None = None
    extras: Extras = ()


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
    lines: list[prices.LineOut]
    due_now: Money
    terms: prices.TermsOut
    cancellation: prices.CancellationOut
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
    is_desk = permissions.is_staff(request.auth, venue.pk)
    unit = _unit(venue, data)
    booking_window.judge_request(venue, window, unit.pk if unit else None, now, is_desk=is_desk)
    if unit is not None:
        return _quoted(venue, priced_as(venue, [unit]), window, data, request)
    categories = categories_for(venue, data.category, data.party, window)
    if not categories:
        raise Invalid("category", "This venue has nothing to sell.")
    category = categories_seating(categories, data.party)[0]
    return _quoted(venue, category, window, data, request)


def _unit(venue: Venue, data: QuoteIn) -> Resource | None:
    """The unit that the quote is for. Raises NotFound or Invalid."""
    if data.resource is None:
        return None
    key = parse_id(data.resource)
    booking_window.judge_pair(venue, data.category, key)
    unit = catalogue.units_by_id(venue).get(key)
    if unit is None or unit.retired_at:
        raise NotFound("This venue has no such unit.")
    if unit.capacity < data.party:
        raise PartyTooLarge
    return unit


def _quoted(
    venue: Venue,
    category: PricedCategory,
    window: Window,
    data: QuoteIn,
    request: KnownRequest,
) -> HttpResponse:
    now, party = clock.now(), Party(data.party, data.ages)
    wanted = quotes.Wanted(category, window, party, data.extras)
    made = quotes.quote(venue, wanted, now=now, is_of_partner=request.auth.kind == "partner")
    costs = quotes.cancellation(made, window, now=now)
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
            "lines": prices.lines(made.lines, window, venue, category),
            "due_now": money(made.due_now_minor, venue.currency),
            "terms": prices.terms(made.promised.asked, venue.currency),
            "cancellation": prices.cancellation(costs, venue.currency),
            "expires_at": to_z(made.expires_at),
        }
    )
