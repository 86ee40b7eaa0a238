"""Lots whose spots are made from a number: grown, shrunk and given up, by empty spots only."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.errors import Forbidden, LotInUse
from reservations.inventory import closures, lots
from reservations.inventory.lots import LotWish
from reservations.inventory.spots import LARGEST_LOT
from reservations.models import Allocation, Event, Reservation, StoredAnswer
from tests.api.calling import Api, faults, problem
from tests.api.conftest import TODAY
from tests.factories import DESK, GUEST, add_category, hold, make_venue
from tests.guests.races import race
from tests.reservations.facts import DAY, HOUR, MINUTE, overlaps
from tests.trades.asking import BAD_IDS, made
from venues.hours import Window
from venues.models import Rate, Resource, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

PRICE = {"amount": "2.50", "currency": "EUR"}


def wish(**changes: Any) -> dict[str, Any]:
    return {"name": "Lot", "address": "", "capacity": 3, "price": PRICE} | changes


def open_lot(capacity: int = 3, **fields: Any) -> Venue:
    given: dict[str, Any] = {"name": "Lot", "price_minor": 250, "currency": "EUR"} | fields
    return lots.open_lot(wish=LotWish(capacity=capacity, **given), by=DESK)


def resize(lot: Venue, capacity: int) -> None:
    lots.change_lot(slug=lot.slug, wish=LotWish(capacity=capacity), by=DESK)


def names(lot: Venue) -> list[str]:
    """The spots there are, in their order."""
    rows = lot.resources.filter(retired_at=None).order_by("rank", "pk")
    return list(rows.values_list("name", flat=True))


def may_choose(lot: Venue) -> None:
    lot.policy.unit_choice = "guest"
    lot.policy.save()


def take(lot: Venue, name: str, start: timedelta = HOUR, **fields: Any) -> Reservation:
    """Somebody on one spot for two hours."""
    may_choose(lot)
    unit = lot.resources.get(name=name).pk
    return hold(lot, TODAY + start, resource=unit, **fields)


def test_spots_are_made_from_the_number(administrator: Api) -> None:
    answer = made(administrator.post("/parking/lots", wish(capacity=12)))
    assert (answer["capacity"], answer["free"]) == (12, 12)
    lot = Venue.objects.get()
    assert names(lot) == [str(number) for number in range(1, 13)]
    assert set(lot.resources.values_list("floor", flat=True)) == {1}
    assert (lot.kind, lot.policy.charges_time_used) == ("parking", True)
    assert Event.objects.get().name == "lot.opened"


@pytest.mark.parametrize(
    ("name", "slug"),
    [("City Lot", "city-lot"), ("  Café  ", "cafe"), ("駐車場", "lot"), ("x" * 120, "x" * 50)],
)
def test_a_lot_is_found_by_its_name(administrator: Api, name: str, slug: str) -> None:
    for expected in (slug, f"{slug}-2", f"{slug}-3"):
        answer = made(administrator.post("/parking/lots", wish(name=name)))
        assert (answer["id"], answer["name"]) == (expected, name.strip())


@pytest.mark.django_db(transaction=True)
def test_lots_of_one_name_opened_at_once_are_told_apart(administrator: Api) -> None:
    answers = race(4, lambda: administrator.post("/parking/lots", wish()))
    assert [answer.status_code for answer in answers] == [201] * 4
    slugs = {answer.json()["id"] for answer in answers}
    assert slugs == {"lot", "lot-2", "lot-3", "lot-4"}


def test_a_repeat_with_a_key_opens_one_lot(administrator: Api) -> None:
    answers = [administrator.post("/parking/lots", wish(), Idempotency_Key="k") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert Venue.objects.count() == StoredAnswer.objects.count() == 1


@pytest.mark.parametrize("capacity", [*BAD_IDS, -5, 5_001, 10**9, "3", 3.5, float("1e300")])
@pytest.mark.parametrize("is_new", [True, False])
def test_an_absurd_number_of_spots_is_422(administrator: Api, capacity: Any, is_new: bool) -> None:
    lot = open_lot()
    if is_new:
        answer = administrator.post("/parking/lots", wish(capacity=capacity))
    else:
        answer = administrator.patch(f"/parking/lots/{lot.slug}", {"capacity": capacity})
    assert next(iter(faults(answer))).startswith("capacity")
    assert (Venue.objects.count(), len(names(lot))) == (1, 3)


def test_the_largest_lot_there_may_be(administrator: Api) -> None:
    answer = made(administrator.post("/parking/lots", wish(capacity=LARGEST_LOT)))
    assert answer["free"] == LARGEST_LOT


@pytest.mark.parametrize("name", ["", "   ", "x" * 121, "a\x00", "a\x1b[1mb", 1, None, [], True])
@pytest.mark.parametrize("is_new", [True, False])
def test_a_name_that_is_none_is_422(administrator: Api, name: Any, is_new: bool) -> None:
    lot = open_lot()
    if is_new:
        answer = administrator.post("/parking/lots", wish(name=name))
    else:
        answer = administrator.patch(f"/parking/lots/{lot.slug}", {"name": name})
    assert list(faults(answer)) == ["name"]
    lot.refresh_from_db()
    assert lot.name == "Lot"


@pytest.mark.parametrize(
    "amount",
    [
        *("", "x", "-1", "-0.01", "1.234", "NaN", "Infinity", "1e999990", "1e999999", "1e-5"),
        *("1_0_", " 1", "10000000000.01", "9" * 400, "٢", 2.5, None, True, []),
    ],
)
def test_an_amount_that_is_no_price_is_422(administrator: Api, amount: Any) -> None:
    price = {"amount": amount, "currency": "EUR"}
    found = faults(administrator.post("/parking/lots", wish(price=price)))
    assert list(found) in (["price"], ["price/amount"])
    assert Venue.objects.count() == 0


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "€€€", "EÜR", "XYZ", "XTS", 1, None])
def test_a_currency_that_is_none_is_422(administrator: Api, currency: Any) -> None:
    price = {"amount": "2.50", "currency": currency}
    found = faults(administrator.post("/parking/lots", wish(price=price)))
    assert list(found) in (["price"], ["price/currency"])


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("250", "JPY", 250), ("2.5", "EUR", 250), ("0", "EUR", 0), ("1.234", "KWD", 1234)],
)
def test_amounts_have_the_decimals_of_their_currency(
    administrator: Api, amount: str, currency: str, minor: int
) -> None:
    price = {"amount": amount, "currency": currency}
    answer = made(administrator.post("/parking/lots", wish(price=price)))
    assert Rate.objects.get().amount_minor == minor
    assert answer["price"]["currency"] == currency


def test_yen_have_no_decimals(administrator: Api) -> None:
    price = {"amount": "2.5", "currency": "JPY"}
    assert list(faults(administrator.post("/parking/lots", wish(price=price)))) == ["price"]


@pytest.mark.parametrize("given", ["Mars", "", None, 1])
def test_a_zone_that_is_none_is_422(administrator: Api, given: Any) -> None:
    answer = administrator.post("/parking/lots", wish(time_zone=given))
    assert list(faults(answer)) == ["time_zone"]


def test_a_lot_may_have_a_zone(administrator: Api) -> None:
    answer = made(administrator.post("/parking/lots", wish(time_zone="Asia/Kolkata")))
    assert answer["time_zone"] == "Asia/Kolkata"


def test_numbers_go_on_and_retired_spots_come_back_first() -> None:
    lot = open_lot(4)
    ids = dict(lot.resources.values_list("name", "pk"))
    resize(lot, 2)
    assert names(lot) == ["1", "2"]
    resize(lot, 3)
    assert names(lot) == ["1", "2", "3"]
    resize(lot, 6)
    assert names(lot) == ["1", "2", "3", "4", "5", "6"]
    assert {name: lot.resources.get(name=name).pk for name in ids} == ids
    assert lot.resources.count() == 6


def test_the_same_number_changes_nothing() -> None:
    lot = open_lot(3)
    resize(lot, 3)
    assert names(lot) == ["1", "2", "3"]


def test_shrinking_takes_the_empty_spots_with_the_highest_numbers() -> None:
    lot = open_lot(5)
    take(lot, "5")
    take(lot, "3")
    resize(lot, 3)
    assert names(lot) == ["1", "3", "5"]


def test_shrinking_further_than_the_empty_spots_names_those_in_use(administrator: Api) -> None:
    lot = open_lot(3)
    take(lot, "1")
    take(lot, "3", start=DAY)
    answer = administrator.patch(f"/parking/lots/{lot.slug}", {"capacity": 1, "name": "New"})
    said = problem(answer, 409, "lot_in_use")
    assert said["spots"] == ["1", "3"]
    assert "1, 3" in said["detail"]
    lot.refresh_from_db()
    assert (names(lot), lot.name) == (["1", "2", "3"], "Lot")


def test_a_lot_is_closed_only_while_every_spot_is_empty(administrator: Api) -> None:
    lot = open_lot(2)
    row = take(lot, "2")
    path = f"/parking/lots/{lot.slug}"
    assert problem(administrator.send("DELETE", path), 409, "lot_in_use")["spots"] == ["2"]
    actions.cancel(reservation_id=row.pk, by=DESK)
    assert administrator.send("DELETE", path).status_code == 204
    for answer in (
        administrator.send("DELETE", path),
        administrator.patch(path, {"capacity": 5}),
        administrator.get("/parking/spots", {"lot": lot.slug}),
        administrator.post("/parking/reservations", {"lot_id": lot.slug}),
    ):
        problem(answer, 404, "not_found")
    assert administrator.get("/parking/lots").json()["items"] == []
    # Its past stays.
    assert administrator.get(f"/reservations/{row.pk}").status_code == 200


def test_a_lot_without_spots_can_be_closed(administrator: Api) -> None:
    lot = make_venue("parking", units=0)
    assert administrator.send("DELETE", f"/parking/lots/{lot.slug}").status_code == 204


def test_what_is_over_lapsed_or_given_back_leaves_a_spot_empty(
    clock: FrozenDateTimeFactory,
) -> None:
    lot = open_lot(4)
    lot.policy.confirms_at_once = False
    take(lot, "1", start=3 * HOUR)
    lot.policy.confirms_at_once = True
    lot.policy.save()
    actions.cancel(reservation_id=take(lot, "2").pk, by=DESK)
    missed = take(lot, "3")
    left = take(lot, "4", start=timedelta(0))
    actions.check_in(reservation_id=left.pk, by=DESK)
    actions.check_out(reservation_id=left.pk, by=DESK)
    # The hold lapses after half an hour, the no-show an hour after the start.
    clock.move_to(missed.starts_at + HOUR)
    lots.close_lot(slug=lot.slug, by=DESK)
    assert names(lot) == []


def test_a_closed_off_spot_is_in_use() -> None:
    lot = open_lot(2)
    spot = lot.resources.get(name="2").pk
    window = Window(TODAY, TODAY + DAY)
    closures.close(venue_id=lot.pk, resource_ids=[spot], window=window, reason="paint", by=DESK)
    with pytest.raises(LotInUse):
        lots.close_lot(slug=lot.slug, by=DESK)


def test_a_vehicle_that_stayed_past_its_end_is_in_use(clock: FrozenDateTimeFactory) -> None:
    lot = open_lot(2)
    row = take(lot, "2", start=timedelta(0))
    actions.check_in(reservation_id=row.pk, by=DESK)
    clock.move_to(row.ends_at + 5 * HOUR)
    with pytest.raises(LotInUse) as refusal:
        lots.close_lot(slug=lot.slug, by=DESK)
    assert refusal.value.facts["spots"] == ["2"]
    resize(lot, 1)
    assert names(lot) == ["2"]
    actions.check_out(reservation_id=row.pk, by=DESK)
    lots.close_lot(slug=lot.slug, by=DESK)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_chosen", [True, False])
def test_shrinking_never_retires_a_spot_that_is_booked_at_that_instant(is_chosen: bool) -> None:
    for number in range(8):
        lot = open_lot(2, name=f"Lot {number}")
        if is_chosen:
            book: Any = partial(take, lot, "2")
        else:
            hold(lot, TODAY + HOUR)
            book = partial(hold, lot, TODAY + HOUR)
        acts = iter([book, partial(resize, lot, 1)])
        outcomes = race(2, lambda: next(acts)())  # noqa: B023
        booked = [one for one in outcomes if isinstance(one, Reservation)]
        refused = [one for one in outcomes if isinstance(one, LotInUse)]
        assert booked or len(names(lot)) == 1, outcomes
        assert is_chosen or not (booked and not refused), outcomes
    taken = Allocation.objects.filter(is_live=True)
    assert not taken.filter(resource__retired_at__isnull=False).exists()
    assert list(overlaps()) == []


@pytest.mark.django_db(transaction=True)
def test_changes_of_one_lot_at_once_come_one_after_the_other() -> None:
    lot = open_lot(2)
    sizes = iter([5, 3, 8, 1])
    outcomes = race(4, lambda: resize(lot, next(sizes)))
    assert outcomes == [None] * 4
    assert len(names(lot)) in (5, 3, 8, 1)
    assert len(set(names(lot))) == len(names(lot))


@pytest.mark.django_db(transaction=True)
def test_a_lot_is_not_closed_under_somebody_who_books_at_that_instant() -> None:
    for number in range(5):
        lot = open_lot(1, name=f"Lot {number}")
        acts: Iterator[Callable[[], object]] = iter(
            [
                partial(hold, lot, TODAY + HOUR),
                partial(lots.close_lot, slug=lot.slug, by=DESK),
            ]
        )
        race(2, lambda: next(acts)())  # noqa: B023
        lot.refresh_from_db()
        assert lot.is_active is Allocation.objects.filter(venue=lot, is_live=True).exists()


def test_a_lot_that_somebody_else_made_grows_too() -> None:
    lot = make_venue("parking", units=0)
    lot.rates.all().delete()
    lot.categories.all().delete()
    resize(lot, 2)
    assert names(lot) == ["1", "2"]
    add_category(lot, "handicap", units=1)
    Resource.objects.filter(venue=lot, name="3").update(name="H1")
    Resource.objects.filter(venue=lot, name="2").update(name="40000")
    resize(lot, 5)
    assert set(names(lot)) == {"1", "H1", "40000", "40001", "40002"}


def test_a_new_price_is_for_who_books_from_now_on(administrator: Api) -> None:
    lot = open_lot(2)
    before = hold(lot, TODAY + HOUR)
    price = {"amount": "4.00", "currency": "EUR"}
    answer = administrator.patch(f"/parking/lots/{lot.slug}", {"price": price})
    assert answer.json()["price"] == price
    before.refresh_from_db()
    assert (before.price_minor, hold(lot, TODAY + HOUR).price_minor) == (500, 800)


def test_the_price_of_every_category_changes_and_flat_ones_stay(administrator: Api) -> None:
    lot = make_venue("parking")
    flat = add_category(lot, "event")
    Rate.objects.create(venue=lot, category=flat, unit="flat", amount_minor=9)
    none = add_category(lot, "handicap")
    price = {"amount": "4.00", "currency": "EUR"}
    administrator.patch(f"/parking/lots/{lot.slug}", {"price": price})
    amounts = dict(Rate.objects.values_list("category__code", "amount_minor"))
    assert amounts == {"standard": 400, "event": 9, none.code: 400}


def test_a_price_in_another_currency_is_422_and_changes_nothing(administrator: Api) -> None:
    lot = open_lot(2)
    body = {"price": {"amount": "4.00", "currency": "USD"}, "capacity": 9, "name": "New"}
    assert list(faults(administrator.patch(f"/parking/lots/{lot.slug}", body))) == ["price"]
    assert (len(names(lot)), Rate.objects.get().amount_minor) == (2, 250)


def test_only_what_is_given_changes(administrator: Api) -> None:
    lot = open_lot(2, address="Damrak 1")
    path = f"/parking/lots/{lot.slug}"
    before = administrator.patch(path, {}).json()
    assert (before["name"], before["address"], before["capacity"]) == ("Lot", "Damrak 1", 2)
    after = administrator.patch(path, {"name": " New ", "address": ""}).json()
    assert after == before | {"name": "New", "address": ""}


@pytest.mark.parametrize("field", ["name", "address", "capacity", "price"])
def test_nothing_is_no_value(administrator: Api, field: str) -> None:
    lot = open_lot(2)
    found = faults(administrator.patch(f"/parking/lots/{lot.slug}", {field: None}))
    assert {pointer.partition("/")[0] for pointer in found} == {field}


@pytest.mark.parametrize("slug", ["nowhere", "-1", "1", "a" * 64, "hotel", "null"])
def test_a_lot_that_is_not_there_is_404(administrator: Api, slug: str) -> None:
    Venue.objects.filter(pk=make_venue("hotel").pk).update(slug="hotel")
    problem(administrator.patch(f"/parking/lots/{slug}", {"capacity": 1}), 404, "not_found")
    problem(administrator.send("DELETE", f"/parking/lots/{slug}"), 404, "not_found")


def test_nobody_but_administrators_gets_past_the_engine_either() -> None:
    lot = open_lot()
    acts: list[Any] = [
        partial(lots.open_lot, wish=LotWish(name="x", capacity=1)),
        partial(lots.change_lot, slug=lot.slug, wish=LotWish(capacity=1)),
        partial(lots.close_lot, slug=lot.slug),
    ]
    for act in acts:
        with pytest.raises(Forbidden):
            act(by=GUEST)


def test_each_change_is_told() -> None:
    lot = open_lot()
    resize(lot, 2)
    lots.close_lot(slug=lot.slug, by=DESK)
    told = list(Event.objects.filter(venue=lot).values_list("name", flat=True))
    assert told == ["lot.opened", "lot.changed", "lot.closed"]


def test_lots_come_in_pages_newest_first(guest: Api) -> None:
    slugs = [open_lot(1, name=f"Lot {number}").slug for number in range(5)]
    found, params = [], {"limit": "2"}
    while True:
        page = guest.get("/parking/lots", params).json()
        found += [lot["id"] for lot in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert found == slugs[::-1]
    for name, value in (("limit", "0"), ("limit", "201"), ("cursor", "x")):
        assert list(faults(guest.get("/parking/lots", {name: value}))) == [name]


def test_many_lots_take_no_more_queries_than_one(guest: Api) -> None:
    def asked(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert guest.get(path).status_code == 200
        return len(queries)

    first = open_lot(2)
    before = {path: asked(path) for path in ("/parking/lots", "/parking/spots")}
    for _ in range(5):
        hold(open_lot(20), TODAY + MINUTE)
    assert {path: asked(path) for path in before} == before
    assert max(before.values()) <= 7
    assert first.slug == "lot"
