"""POST /venues, PATCH and DELETE /venues/{slug}: made by kind, changed, given up when unused."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.errors import Invalid, VenueInUse
from reservations.inventory import closures, venues
from reservations.inventory.spots import LARGEST_LOT
from reservations.inventory.venues import VenueWish
from reservations.models import Allocation, Event
from tests.api.calling import Api, faults, person, problem
from tests.api.conftest import TODAY
from tests.factories import DESK, NOON, hold, make_venue
from tests.guests.factories import StaffFactory
from tests.guests.races import race
from venues.hours import Window
from venues.models import Policy, Rate, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

HOUR = timedelta(hours=1)
WHOLE = {
    "name": "Hotel aan Zee",
    "kind": "hotel",
    "city": "Delft",
    "address": "Kade 1",
    "description": "By the sea",
    "time_zone": "Europe/Amsterdam",
    "currency": "EUR",
    "phone_region": "NL",
    "stars": 4,
}


def wish(**changes: Any) -> dict[str, Any]:
    return {"name": "Place", "kind": "hotel"} | changes


def told(venue: Venue) -> list[str]:
    return list(Event.objects.filter(venue=venue, reservation=None).values_list("name", flat=True))


def spots(venue: Venue) -> int:
    return venue.resources.filter(retired_at__isnull=True).count()


def test_a_venue_is_made_and_told_whole(administrator: Api) -> None:
    answer = administrator.post("/venues", WHOLE)
    assert answer.status_code == 201, answer.content
    assert answer["Location"] == "/api/v1/venues/hotel-aan-zee"
    made = answer.json()
    assert {name: made[name] for name in WHOLE} == WHOLE
    assert (made["slug"], made["mode"], made["categories"]) == ("hotel-aan-zee", "night", [])
    assert administrator.get("/venues/hotel-aan-zee").json() == made
    assert told(Venue.objects.get()) == ["venue.opened"]


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("hotel", "night"), ("restaurant", "time"), ("practice", "slot"), ("parking", "time")],
)
def test_the_policy_is_the_usual_one_of_its_kind(administrator: Api, kind: str, mode: str) -> None:
    made = administrator.post("/venues", wish(kind=kind)).json()
    assert made["mode"] == mode
    usual = make_venue(kind).policy
    policy = Policy.objects.get(venue__slug=made["slug"])
    assert all(
        getattr(policy, field.name) == getattr(usual, field.name)
        for field in Policy._meta.fields
        if field.name not in ("id", "venue")
    )


def test_parking_has_the_spots_that_capacity_says(administrator: Api) -> None:
    made = administrator.post("/venues", wish(kind="parking", capacity=12)).json()
    assert [(one["code"], one["units"]) for one in made["categories"]] == [("regular", 12)]
    found = administrator.get("/parking/spots", {"lot": made["slug"]}).json()
    assert [spot["spot_number"] for spot in found] == [str(number) for number in range(1, 13)]


def test_venues_of_one_name_have_addresses_of_their_own(administrator: Api) -> None:
    made = [administrator.post("/venues", wish()).json()["slug"] for _ in range(3)]
    assert made == ["place", "place-2", "place-3"]
    assert administrator.post("/venues", wish(name="宿")).json()["slug"] == "hotel"


@pytest.mark.django_db(transaction=True)
def test_venues_of_one_name_made_at_once_are_told_apart(administrator: Api) -> None:
    answers = race(4, lambda: administrator.post("/venues", wish()))
    assert sorted(answer.status_code for answer in answers) == [201] * 4
    assert len({answer.json()["slug"] for answer in answers}) == 4


def test_a_repeat_with_the_same_key_makes_one_venue(administrator: Api) -> None:
    answers = [administrator.post("/venues", wish(), Idempotency_Key="k") for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert answers[1]["Location"] == "/api/v1/venues/place"
    assert Venue.objects.count() == 1
    other = administrator.post("/venues", wish(name="Other"), Idempotency_Key="k")
    problem(other, 422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", "  "), ("name", "a\nb"), ("name", "x" * 121), ("name", None),
        ("name", "a\x00"), ("kind", "castle"), ("kind", None), ("city", "x" * 81),
        ("address", "x" * 201), ("description", "x" * 2001), ("time_zone", "Mars"),
        ("time_zone", ""), ("currency", "XYZ"), ("currency", "XXX"), ("currency", "eur"),
        ("currency", "EURO"), ("currency", ""), ("currency", 1), ("phone_region", "XX"),
        ("phone_region", "nl"), ("phone_region", "NLD"), ("stars", 0), ("stars", 6),
        ("stars", 4.5), ("stars", True), ("stars", "4"), ("capacity", 3), ("capacity", 0),
        ("capacity", LARGEST_LOT + 1), ("capacity", "3"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_422_and_makes_nothing(
    administrator: Api, field: str, value: Any
) -> None:
    assert set(faults(administrator.post("/venues", wish(**{field: value})))) == {field}
    assert Venue.objects.count() == 0


def test_staff_change_what_is_told_of_their_venue(desk: Api, hotel: Venue) -> None:
    changes = {name: value for name, value in WHOLE.items() if name not in ("kind", "currency")}
    answer = desk.patch(f"/venues/{hotel.slug}", changes)
    assert answer.status_code == 200, answer.content
    assert {name: answer.json()[name] for name in changes} == changes
    assert answer.json() == desk.get(f"/venues/{hotel.slug}").json()
    assert told(hotel) == ["venue.changed"]
    assert desk.patch(f"/venues/{hotel.slug}", {"stars": None}).json()["stars"] is None


def test_what_is_left_out_stays(desk: Api, hotel: Venue) -> None:
    before = desk.get(f"/venues/{hotel.slug}").json()
    assert desk.patch(f"/venues/{hotel.slug}", {}).json() == before
    refused = desk.patch(f"/venues/{hotel.slug}", {"kind": "parking", "mode": "slot"})
    assert refused.status_code == 422
    assert desk.get(f"/venues/{hotel.slug}").json() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", " "), ("name", None), ("city", None), ("address", "x" * 201),
        ("time_zone", "Mars"), ("time_zone", None), ("currency", "XYZ"), ("phone_region", "XX"),
        ("stars", 6), ("capacity", None), ("description", "\x00"),
    ],
)  # fmt: skip
def test_a_change_that_does_not_fit_is_422_and_changes_nothing(
    administrator: Api, hotel: Venue, field: str, value: Any
) -> None:
    before = Venue.objects.values().get(pk=hotel.pk)
    body = {"city": "Elsewhere"} | {field: value}
    assert set(faults(administrator.patch(f"/venues/{hotel.slug}", body))) == {field}
    assert Venue.objects.values().get(pk=hotel.pk) == before


def test_a_hotel_is_not_made_from_a_number(administrator: Api, hotel: Venue) -> None:
    answer = administrator.patch(f"/venues/{hotel.slug}", {"capacity": 5})
    assert set(faults(answer)) == {"capacity"}


def test_the_zone_stays_while_there_are_reservations_to_come(
    administrator: Api, hotel: Venue, clock: FrozenDateTimeFactory
) -> None:
    row = hold(hotel, hours=24)
    path, body = f"/venues/{hotel.slug}", {"time_zone": "UTC", "city": "Elsewhere"}
    said = problem(administrator.patch(path, body), 409, "venue_in_use")
    assert said["field"] == "time_zone"
    hotel.refresh_from_db()
    assert (hotel.time_zone, hotel.city) == ("Europe/Amsterdam", "")
    # The zone it has is no change.
    assert administrator.patch(path, {"time_zone": "Europe/Amsterdam"}).status_code == 200
    assert row.hold_expires_at
    clock.move_to(row.hold_expires_at)
    assert administrator.patch(path, body).json()["time_zone"] == "UTC"


def test_the_currency_stays_while_amounts_are_meant_in_it(administrator: Api, hotel: Venue) -> None:
    path, body = f"/venues/{hotel.slug}", {"currency": "JPY"}
    assert problem(administrator.patch(path, body), 409, "venue_in_use")["field"] == "currency"
    Rate.objects.all().delete()
    row = hold(hotel, hours=24)
    problem(administrator.patch(path, body), 409, "venue_in_use")
    actions.cancel(reservation_id=row.pk, by=DESK)
    assert administrator.patch(path, body).json()["currency"] == "JPY"


def test_an_administrator_makes_a_lot_larger_and_smaller(administrator: Api) -> None:
    lot = make_venue("parking", units=2)
    path = f"/venues/{lot.slug}"
    for capacity in (5, 1):
        assert administrator.patch(path, {"capacity": capacity}).status_code == 200
        assert spots(lot) == capacity
    hold(lot)
    assert administrator.patch(path, {"capacity": 3}).status_code == 200
    for number in range(3):
        hold(lot, NOON + number * HOUR - HOUR, 1)
    said = problem(administrator.patch(path, {"capacity": 1, "name": "New"}), 409, "lot_in_use")
    assert said["spots"]
    lot.refresh_from_db()
    assert (spots(lot), lot.name) == (3, "Test venue")


def test_managers_of_a_lot_change_its_name_and_its_size_and_clerks_neither() -> None:
    lot = make_venue("parking", units=2)
    clerk = person(StaffFactory.create(clerk_at=[lot]))
    for wish in ({"name": "New"}, {"capacity": 5}):
        problem(clerk.patch(f"/venues/{lot.slug}", wish), 403, "forbidden")
    manager = person(StaffFactory.create(staff_venues=[lot]))
    changed = manager.patch(f"/venues/{lot.slug}", {"name": "New", "capacity": 5})
    assert changed.json()["name"] == "New"
    assert spots(lot) == 5


def test_the_engine_itself_refuses_what_the_rows_cannot_hold(hotel: Venue) -> None:
    for act in (
        partial(venues.open_venue, kind="hotel", wish=VenueWish(fields={"name": "x" * 121})),
        partial(venues.change_venue, slug=hotel.slug, wish=VenueWish(fields={"name": "x" * 121})),
    ):
        with pytest.raises(Invalid) as refused:
            act(by=DESK)
        assert refused.value.field == "name"


def test_a_venue_nobody_uses_is_given_up_and_its_history_stays(
    administrator: Api, hotel: Venue
) -> None:
    row = hold(hotel, hours=24)
    actions.cancel(reservation_id=row.pk, by=DESK)
    path = f"/venues/{hotel.slug}"
    assert administrator.send("DELETE", path).status_code == 204
    for answer in (
        administrator.get(path),
        administrator.send("DELETE", path),
        administrator.patch(path, {"name": "New"}),
        administrator.get(f"{path}/availability?check_in=2027-03-01&check_out=2027-03-02"),
    ):
        problem(answer, 404, "not_found")
    assert administrator.get(f"/reservations/{row.pk}").status_code == 200
    assert told(hotel) == ["venue.closed"]
    assert spots(hotel) == 0


def test_a_venue_in_use_is_not_given_up_and_the_reservations_are_named(
    administrator: Api, clock: FrozenDateTimeFactory
) -> None:
    venue = make_venue("restaurant", units=2)
    first, second = hold(venue), hold(venue, NOON + HOUR)
    for row in (first, second):
        actions.confirm(reservation_id=row.pk, by=DESK)
    path = f"/venues/{venue.slug}"
    said = problem(administrator.send("DELETE", path), 409, "venue_in_use")
    assert said["reservations"] == [first.code, second.code]
    actions.cancel(reservation_id=second.pk, by=DESK)
    clock.move_to(NOON)
    actions.check_in(reservation_id=first.pk, by=DESK)
    # Who is still there after the end is in the way too.
    clock.move_to(NOON + 5 * HOUR)
    said = problem(administrator.send("DELETE", path), 409, "venue_in_use")
    assert said["reservations"] == [first.code]
    venue.refresh_from_db()
    assert venue.is_active
    actions.check_out(reservation_id=first.pk, by=DESK)
    assert administrator.send("DELETE", path).status_code == 204


def test_a_closure_keeps_no_venue_open(administrator: Api, hotel: Venue) -> None:
    ids = list(hotel.resources.values_list("pk", flat=True))
    window = Window(NOON, NOON + HOUR)
    closures.close(venue_id=hotel.pk, resource_ids=ids, window=window, reason="paint", by=DESK)
    assert administrator.send("DELETE", f"/venues/{hotel.slug}").status_code == 204


def test_a_lot_is_given_up_only_while_every_spot_is_empty(administrator: Api) -> None:
    lot = make_venue("parking", units=3)
    row = hold(lot, TODAY + HOUR)
    path = f"/venues/{lot.slug}"
    taken = Allocation.objects.get().resource.name
    assert problem(administrator.send("DELETE", path), 409, "lot_in_use")["spots"] == [taken]
    assert spots(lot) == 3
    actions.cancel(reservation_id=row.pk, by=DESK)
    assert administrator.send("DELETE", path).status_code == 204
    assert administrator.get("/parking/lots").json()["items"] == []


@pytest.mark.django_db(transaction=True)
def test_a_venue_is_not_given_up_under_somebody_who_books_at_that_instant() -> None:
    for _ in range(5):
        venue = make_venue("restaurant")
        acts: Iterator[Callable[[], object]] = iter(
            [
                partial(hold, venue, TODAY + HOUR),
                partial(venues.close_venue, slug=venue.slug, by=DESK),
            ]
        )
        race(2, lambda: next(acts)())  # noqa: B023
        venue.refresh_from_db()
        assert venue.is_active is Allocation.objects.filter(venue=venue, is_live=True).exists()


def test_at_most_twenty_reservations_are_named() -> None:
    venue = make_venue("restaurant", units=21)
    for _ in range(21):
        hold(venue)
    with pytest.raises(VenueInUse) as refused:
        venues.close_venue(slug=venue.slug, by=DESK)
    assert len(refused.value.facts["reservations"]) == 20
