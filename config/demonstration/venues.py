"""The venues of the demonstration: at least one of each kind, with the names of the contract."""

from datetime import date, time, timedelta

from venues.models import Category, Combination, Opening, PaymentTerm, Policy, Rate, Resource, Venue
from venues.presets import create_venue

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def smart_parking() -> Venue:
    """Makes a lot of five spots with three fixed slots a day. Drivers choose their spot."""
    venue = create_venue(
        slug="smart-parking",
        name="Smart Parking",
        kind="parking",
        mode=Venue.Mode.SLOT,
        city="Amsterdam",
        address="Damrak 1",
        description="Five spots by the station, in slots of four hours.",
        phone_region="NL",
        policy={
            "slot_length": 4 * _HOUR,
            "default_length": 4 * _HOUR,
            "longest_stay": 12 * _HOUR,
            "unit_choice": Policy.UnitChoice.GUEST,
            "records_arrival": False,
            "records_departure": False,
            "grace": timedelta(0),
            "releases_no_shows": False,
            "early_check_in": timedelta(0),
        },
    )
    _every_day(venue, time(8), time(20))
    regular = _category(venue, "regular", "Regular", price=250, unit=Rate.Unit.HOUR)
    handicap = _category(venue, "handicap", "Handicap", price=250, unit=Rate.Unit.HOUR)
    for number in range(1, 6):
        category = handicap if number == 5 else regular
        _unit(category, str(100 + number), floor=1, capacity=9, x=number - 1, y=0)
    return venue


def city_lot() -> Venue:
    """Makes a lot of three floors by the hour. It gives the first free spot; accessible ones on
    request.
    """
    venue = create_venue(
        slug="city-lot",
        name="City Lot",
        kind="parking",
        city="Rotterdam",
        address="Coolsingel 40",
        description=(
            "Three floors in the centre, open day and night. Pay for the time you used; "
            "accessible spots are by the lifts."
        ),
        time_zone="Europe/Amsterdam",
        phone_region="NL",
        policy={"charges_time_used": True},
    )
    regular = _category(venue, "regular", "Regular", price=300, unit=Rate.Unit.STARTED_HOUR)
    handicap = _category(
        venue, "handicap", "Handicap", price=300, unit=Rate.Unit.STARTED_HOUR, on_request=True
    )
    for floor in (1, 2, 3):
        for place in range(12):
            category = handicap if place < 2 else regular
            name = str(floor * 100 + place + 1)
            _unit(category, name, floor=floor, capacity=9, x=place % 6, y=place // 6)
    return venue


def harbour_hotel() -> Venue:
    """Makes a hotel of four room types, dearer in summer. Guests may choose their room."""
    venue = create_venue(
        slug="harbour-hotel",
        name="Harbour Hotel",
        kind="hotel",
        city="Rotterdam",
        address="Wilhelminakade 12",
        description=(
            "Nineteen rooms above the old harbour, breakfast included. The water taxi stops at "
            "the door, the station is ten minutes on foot."
        ),
        time_zone="Europe/Amsterdam",
        phone_region="NL",
        stars=4,
    )
    kinds = (
        ("standard", "Standard double", 12_000, 2, 8, "A quiet room on the garden side, for two."),
        ("deluxe", "Deluxe double", 16_000, 2, 5, "A corner room with a bath and the river below."),
        ("family", "Family room", 19_500, 4, 4, "Two beds and a bunk, for up to four."),
        ("suite", "Harbour suite", 32_000, 4, 2, "Two rooms and a balcony over the old harbour."),
    )
    for floor, (code, name, price, capacity, count, told) in enumerate(kinds, start=1):
        category = _category(venue, code, name, price=price, unit=Rate.Unit.NIGHT, description=told)
        for year in (2026, 2027, 2028):
            Rate.objects.create(
                venue=venue,
                category=category,
                unit=Rate.Unit.NIGHT,
                amount_minor=price * 5 // 4,
                first_date=date(year, 6, 15),
                last_date=date(year, 8, 31),
            )
        for place in range(count):
            _unit(category, str(floor * 100 + place + 1), floor=floor, capacity=capacity)
    return venue


def ask_for_deposits() -> None:
    """Lets the suite of the hotel ask for 30 % before it is confirmed, unless it asks already."""
    suite = Category.objects.filter(venue__slug="harbour-hotel", code="suite").first()
    if suite is not None and not suite.venue.payment_terms.exists():
        PaymentTerm.objects.create(
            venue=suite.venue, category=suite, kind=PaymentTerm.Asks.DEPOSIT, percent=30
        )


def bistro() -> Venue:
    """Makes a restaurant with tables for two and four. Some can be combined for a large party."""
    venue = create_venue(
        slug="bistro-zuid",
        name="Bistro Zuid",
        kind="restaurant",
        city="Utrecht",
        address="Twijnstraat 7",
        description=(
            "A short menu that follows the market, and a long evening. Lunch from noon, dinner "
            "from five; the kitchen closes an hour before we do."
        ),
        time_zone="Europe/Amsterdam",
        phone_region="NL",
    )
    for weekday in range(7):
        late = time(0) if weekday in (4, 5) else time(23)
        Opening.objects.create(venue=venue, weekday=weekday, opens=time(12), closes=time(15))
        Opening.objects.create(venue=venue, weekday=weekday, opens=time(17), closes=late)
    room = _category(
        venue, "dining-room", "Dining room", description="Inside, by the open kitchen."
    )
    terrace = _category(
        venue, "terrace", "Terrace", description="Outside, under the lime trees, heated."
    )
    tables = [_unit(room, f"T{n}", capacity=2 if n <= 4 else 4, x=n % 4, y=n // 4)
              for n in range(1, 9)]  # fmt: skip
    for number in range(1, 4):
        _unit(terrace, f"P{number}", capacity=4, x=number, y=4)
    for name, members, seats in (("T7+T8", tables[6:8], 8), ("T5+T6+T7", tables[4:7], 12)):
        combination = Combination.objects.create(
            venue=venue, category=room, name=name, capacity=seats
        )
        combination.resources.set(members)
    return venue


def practice() -> Venue:
    """Makes a practice of two providers with their own schedules and slots of fifteen minutes."""
    venue = create_venue(
        slug="practice-west",
        name="Practice West",
        kind="practice",
        city="Amsterdam",
        address="Overtoom 200",
        description=(
            "General practice with two doctors, each with hours of their own. Appointments of a "
            "quarter of an hour."
        ),
        time_zone="Europe/Amsterdam",
        phone_region="NL",
    )
    consult = _category(venue, "consult", "Consultation", price=4_500, unit=Rate.Unit.FLAT)
    for name, blocks in (("Dr. Visser", ((8, 11), (12, 15))), ("Dr. Bakker", ((9, 12), (13, 17)))):
        provider = _unit(consult, name, capacity=2)
        for weekday in range(5):
            for opens, closes in blocks:
                Opening.objects.create(
                    venue=venue,
                    resource=provider,
                    weekday=weekday,
                    opens=time(opens),
                    closes=time(closes),
                )
    return venue


def _category(
    venue: Venue,
    code: str,
    name: str,
    *,
    price: int | None = None,
    unit: str = "",
    on_request: bool = False,
    description: str = "",
) -> Category:
    category = Category.objects.create(
        venue=venue,
        code=code,
        name=name,
        description=description,
        position=venue.categories.count(),
        is_on_request=on_request,
    )
    if price is not None:
        Rate.objects.create(venue=venue, category=category, unit=unit, amount_minor=price)
    return category


def _unit(
    category: Category,
    name: str,
    *,
    capacity: int,
    floor: int = 0,
    x: float | None = None,
    y: float | None = None,
) -> Resource:
    return Resource.objects.create(
        venue=category.venue,
        category=category,
        name=name,
        floor=floor,
        capacity=capacity,
        rank=category.venue.resources.count(),
        plan_x=x,
        plan_y=y,
    )


def _every_day(venue: Venue, opens: time, closes: time) -> None:
    for weekday in range(7):
        Opening.objects.create(venue=venue, weekday=weekday, opens=opens, closes=closes)
