"""Venues: search, one venue with its policy in words, and its units."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import ninja
from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpResponse
from ninja import Query, Router
from pydantic import BeforeValidator, Field
from pydantic_core import PydanticKnownError

from api.auth import OPTIONAL, KnownRequest
from api.documents import UnitOut, unit_of
from api.paging import Page, page
from api.replies import reply
from api.schemas import Day, InstantOut, Money, money, problems
from api.time_ranges import Category as CategoryCode
from api.time_ranges import Party, told
from guests.callers import Caller
from guests.models import Favourite
from reservations import clock
from reservations.availability import answer_cache, open_slots, venue_search
from reservations.availability.open_slots import VenueSlot
from reservations.errors import NotFound
from venues import kinds, wording
from venues.models import Resource, Venue

router = Router(tags=["venues"])


def _known(code: Any) -> Any:
    """Returns the code of a kind. Otherwise raises the error of a Literal of all codes."""
    codes = kinds.codes()
    if code not in codes:
        *others, last = (repr(one) for one in codes)
        raise PydanticKnownError("literal_error", {"expected": f"{', '.join(others)} or {last}"})
    return code


class _Enumerated:
    """Documents a text as an enumeration of the codes of kinds."""

    def __get_pydantic_json_schema__(self, *_: Any) -> dict[str, Any]:
        return {"type": "string", "enum": kinds.codes()}


Kind = Annotated[str, BeforeValidator(_known), _Enumerated()]
"""The code of a kind in venues/kinds.py."""


class VenueBrief(ninja.Schema):
    """`rating` is the mean number of stars in reviews, or null. `favourite` is there if you are
    logged in.
    """

    slug: str
    name: str
    kind: Kind
    city: str
    stars: int | None
    rating: float | None
    reviews: int
    booked_today: int
    favourite: bool | None = None


class OpenSlotOut(ninja.Schema):
    """A range in a category. A booking that names both gets it, unless another guest is faster.

    `resource` is a unit with a price of its own: name it instead of the category.
    """

    starts_at: InstantOut
    ends_at: InstantOut
    category: str
    resource: UnitOut | None
    price: Money


class VenueFound(VenueBrief):
    """`open_slots` has at most five entries, all on one day: on `date`, or else on the first of the
    next eight days that has any, in the venue's zone and with today.

    Of times and slots: the earliest starts, each in the cheapest category that is free. Of nights:
    one for each category, cheapest first. Empty for a date in the past.
    """

    open_slots: list[OpenSlotOut]


class VenuePage(ninja.Schema):
    items: list[VenueFound]
    next_cursor: str | None


class CategoryOut(ninja.Schema):
    code: str
    name: str
    description: str
    largest_party: int
    units: int


class VenueOut(VenueBrief):
    """`policy` is in numbers (durations in seconds), `policy_words` in sentences."""

    mode: Literal["night", "time", "slot"]
    description: str
    address: str
    time_zone: str
    phone_region: str
    currency: str
    categories: list[CategoryOut]
    policy: dict[str, Any]
    policy_words: list[str]


class ResourceOut(ninja.Schema):
    id: str
    name: str
    category: str
    floor: int
    capacity: int
    attributes: dict[str, Any]
    place: dict[str, float] | None


class ResourcePage(ninja.Schema):
    items: list[ResourceOut]
    next_cursor: str | None


class VenueSearch(Page):
    q: Annotated[str, Field(max_length=120)] | None = None
    kind: Kind | None = None
    city: Annotated[str, Field(max_length=80)] | None = None
    date: Annotated[
        Day | None, Field(description="open slots of this day, by each venue's own calendar")
    ] = None
    guests: Annotated[
        Party | None,
        Field(description="open slots for so many; by default 2 in restaurants, else 1"),
    ] = None


class UnitSearch(Page):
    category: CategoryCode | None = None
    floor: Annotated[int, Field(ge=-32_768, le=32_767)] | None = None


@router.get(
    "", operation_id="listVenues", auth=OPTIONAL, response={200: VenuePage, **problems(401, 422)}
)
def search(request: KnownRequest, asked: Query[VenueSearch]) -> HttpResponse:
    """Find venues by words in their name, city or address, by kind and by city, with open slots."""
    found = page(_matching(asked, request.auth), asked, lambda venue: venue)
    venues = found["items"]
    lately = _lately(venues, asked, now=clock.now())
    items = [{**item, **lately[venue.pk]} for venue, item in _summaries(venues, request)]
    return reply({**found, "items": items})


@router.get(
    "/{slug:slug}",
    operation_id="getVenue",
    auth=OPTIONAL,
    response={200: VenueOut, **problems(401, 404)},
)
def retrieve(request: KnownRequest, slug: str) -> HttpResponse:
    """Return one venue with its categories and its policy in words and numbers."""
    return reply(described(slug, request))


@router.get(
    "/{slug:slug}/resources",
    operation_id="listResources",
    auth=OPTIONAL,
    response={200: ResourcePage, **problems(401, 404, 422)},
)
def resources(request: KnownRequest, slug: str, asked: Query[UnitSearch]) -> HttpResponse:
    """List the units of a venue: rooms, tables, spots or providers."""
    units = _find(slug).resources.filter(retired_at__isnull=True).select_related("category")
    if asked.category is not None:
        units = units.filter(category__code=asked.category)
    if asked.floor is not None:
        units = units.filter(floor=asked.floor)
    return reply(page(units, asked, _resource))


def described(slug: str, request: KnownRequest) -> dict[str, Any]:
    """Returns the document of one venue, as VenueOut describes it. Raises NotFound."""
    venue = _find(slug)
    ((_, summary),) = _summaries([venue], request)
    return {
        **summary,
        "booked_today": venue_search.booked_today([venue], now=clock.now())[venue.pk],
        **{name: getattr(venue, name) for name in _PLAIN},
        "categories": [_category(category) for category in _categories(venue)],
        "policy": wording.numbers(venue.policy),
        "policy_words": wording.sentences(venue),
    }


_BRIEF = ("slug", "name", "kind", "city", "stars")
_PLAIN = ("mode", "description", "address", "time_zone", "phone_region", "currency")


def _find(slug: str) -> Venue:
    venue = venue_search.rated().select_related("policy").filter(slug=slug).first()
    if venue is None:
        raise NotFound(f"There is no venue {slug!r}.")
    return venue


def _matching(asked: VenueSearch, by: Caller) -> QuerySet[Venue]:
    words, kind, city = asked.q or "", asked.kind or "", asked.city or ""
    return venue_search.matching(words=words, kind=kind, city=city, by=by)


def _summaries(
    venues: Sequence[Any], request: KnownRequest
) -> Iterable[tuple[Venue, dict[str, Any]]]:
    """Yields each venue with the members that do not change with every booking."""
    user_id = request.auth.user_id
    favourites = set(
        Favourite.objects.filter(user_id=user_id).values_list("venue_id", flat=True)
        if user_id
        else []
    )
    for venue in venues:
        yield (
            venue,
            {
                **{name: getattr(venue, name) for name in _BRIEF},
                "rating": round(venue.rating, 1) if venue.rating is not None else None,
                "reviews": venue.review_count,
                **({"favourite": venue.pk in favourites} if user_id else {}),
            },
        )


def _lately(
    venues: Sequence[Venue], asked: VenueSearch, *, now: datetime
) -> dict[int, dict[str, Any]]:
    """Returns, by id, what changes with every booking: today's number of bookings and
    open slots.
    """

    def work_out(some: Sequence[Venue]) -> dict[int, dict[str, Any]]:
        booked = venue_search.booked_today(some, now=now)
        found = open_slots.next_few(some, day=asked.date, party=asked.guests, now=now)
        return {
            venue.pk: {
                "booked_today": booked[venue.pk],
                "open_slots": [_open_slot(slot, venue) for slot in found[venue.pk]],
            }
            for venue in some
        }

    question = f"lately, and open on {asked.date} for {asked.guests}"
    return answer_cache.several(question, venues, now=now, work_out=work_out)


def _open_slot(slot: VenueSlot, venue: Venue) -> dict[str, Any]:
    return {
        **told(slot.window),
        "category": slot.category.code,
        "resource": unit_of(slot.unit) if slot.unit else None,
        "price": money(slot.price_minor, venue.currency),
    }


def _categories(venue: Venue) -> Iterable[Any]:
    in_use = Q(resources__retired_at__isnull=True)
    found = venue.categories.annotate(
        units=Count("resources", filter=in_use), largest=Max("resources__capacity", filter=in_use)
    )
    # Order again: a query with GROUP BY drops the order of the model.
    return found.order_by("position", "pk")


def _category(category: Any) -> dict[str, Any]:
    return {
        "code": category.code,
        "name": category.name,
        "description": category.description,
        "largest_party": category.largest or 0,
        "units": category.units,
    }


def _resource(unit: Resource) -> dict[str, Any]:
    placed = unit.plan_x is not None and unit.plan_y is not None
    return {
        "id": str(unit.pk),
        "name": unit.name,
        "category": unit.category.code,
        "floor": unit.floor,
        "capacity": unit.capacity,
        "attributes": unit.attributes,
        "place": {"x": unit.plan_x, "y": unit.plan_y} if placed else None,
    }
