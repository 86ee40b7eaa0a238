"""Money on the wire: payments and refunds that the desk records, and the list of both."""

from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from guests.models import Partner, User
from reservations.models import Event, Reservation
from tests.api.calling import Api, faults, partner, person, problem
from tests.factories import hold, make_venue
from tests.guests.factories import PartnerFactory, StaffFactory, UserFactory
from tests.reservations.facts import DAY
from venues.models import Venue

pytestmark = pytest.mark.django_db


def euros(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


CASH = {"method": "cash", "amount": euros("12.50")}


@pytest.fixture
def venue(clock: FrozenDateTimeFactory) -> Venue:
    return make_venue("restaurant", confirms_at_once=True, units=5)


@pytest.fixture
def owner(db: None) -> User:
    return UserFactory.create()


@pytest.fixture
def row(venue: Venue, owner: User, clock: FrozenDateTimeFactory) -> Reservation:
    """Ten euros, of a guest with an account and a partner."""
    row = hold(venue, clock().astimezone(venue.zone) + 20 * DAY)
    Reservation.objects.filter(pk=row.pk).update(guest=owner, partner="acme")
    row.refresh_from_db()
    return row


@pytest.fixture
def clerk(venue: Venue) -> Api:
    return person(StaffFactory.create(clerk_at=[venue]))


@pytest.fixture
def manager(venue: Venue) -> Api:
    return person(StaffFactory.create(staff_venues=[venue]))


def path(row: Reservation, what: str = "payments") -> str:
    return f"/reservations/{row.pk}/{what}"


def test_a_payment_is_recorded_and_listed(row: Reservation, clerk: Api, owner: User) -> None:
    made = clerk.post(path(row), CASH | {"till": "bar", "reference": "A 17"})
    assert made.status_code == 201, made.content
    item = made.json()
    assert item.items() >= {
        "kind": "payment", "method": "cash", "amount": euros("12.50"), "state": "captured",
        "by": "staff",
    }.items()  # fmt: skip
    for caller in (clerk, person(owner)):
        assert caller.get(path(row)).json() == {
            "total": euros("10.00"),
            "paid": euros("12.50"),
            "due": euros("0.00"),
            "due_now": euros("0.00"),
            "refundable": euros("12.50"),
            "guarantee": None,
            "items": [item],
        }
    told = person(owner).get(f"/reservations/{row.pk}").json()
    assert (told["paid"], told["due"]) == (euros("12.50"), euros("0.00"))
    event = Event.objects.get(name="payment.captured")
    assert event.data == {"payment": item["id"], "method": "cash", "amount_minor": 1250}


def test_a_refund_changes_what_is_paid_alone(row: Reservation, clerk: Api, manager: Api) -> None:
    clerk.post(path(row), CASH)
    body = {"amount": euros("12.51"), "reason": "Cold soup"}
    assert set(faults(manager.post(path(row, "refunds"), body))) == {"amount"}
    problem(clerk.post(path(row, "refunds"), body), 403, "forbidden")
    made = manager.post(path(row, "refunds"), body | {"amount": euros("2.50")})
    assert made.status_code == 201
    told = manager.get(path(row)).json()
    assert (told["total"], told["paid"], told["refundable"]) == (
        euros("10.00"), euros("10.00"), euros("10.00"),
    )  # fmt: skip
    kinds = [(item["kind"], item["method"], item["state"]) for item in told["items"]]
    assert kinds == [("payment", "cash", "captured"), ("refund", "cash", "refunded")]


def test_what_managers_put_right_stands_in_the_list(row: Reservation, manager: Api) -> None:
    body = {"amount": euros("7.00"), "reason": "Cold soup"}
    manager.post(path(row, "adjust-price"), body)
    told = manager.get(path(row)).json()
    (item,) = told["items"]
    assert (item["kind"], item["amount"], item["state"]) == ("adjustment", euros("-3.00"), None)
    assert (told["total"], told["due"]) == (euros("7.00"), euros("7.00"))


@pytest.mark.parametrize("amount", ["0.00", "-1.00", "0.001", "x"])
def test_an_amount_is_above_zero(row: Reservation, clerk: Api, amount: str) -> None:
    body = CASH | {"amount": euros(amount)}
    assert set(faults(clerk.post(path(row), body))) == {"amount"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"method": "cash", "amount": {"amount": "1.00", "currency": "USD"}}, "amount"),
        ({"method": "cash"}, "amount"),
        ({"method": "barter", "amount": euros("1.00")}, "method"),
        (CASH | {"till": "@x"}, "till"),
        (CASH | {"purpose": "pay"}, "purpose"),
        (CASH | {"tip": 1}, "tip"),
    ],
)
def test_what_is_no_payment_is_refused(row: Reservation, clerk: Api, body: Any, field: str) -> None:
    assert set(faults(clerk.post(path(row), body))) == {field}


def test_a_card_needs_a_provider(row: Reservation, clerk: Api, owner: User, settings: Any) -> None:
    settings.PAYMENTS = {}
    for caller in (clerk, person(owner)):
        refused = faults(caller.post(path(row), {"method": "card"}))
        assert "PAYMENTS" in refused["method"]


def test_guests_and_partners_record_nothing(row: Reservation, venue: Venue, owner: User) -> None:
    acme: Partner = PartnerFactory.create(slug="acme", venues=[venue])
    for caller in (person(owner), partner(acme)):
        problem(caller.post(path(row), CASH), 403, "forbidden")
        refund = {"amount": euros("1.00"), "reason": "x"}
        problem(caller.post(path(row, "refunds"), refund), 403, "forbidden")


def test_a_repeat_pays_once(row: Reservation, clerk: Api, manager: Api) -> None:
    for caller, to, body in (
        (clerk, "payments", CASH),
        (manager, "refunds", {"amount": euros("2.00"), "reason": "x"}),
    ):
        first = caller.post(path(row, to), body, Idempotency_Key="one")
        again = caller.post(path(row, to), body, Idempotency_Key="one")
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json() and again["Idempotent-Replayed"] == "true"
    assert manager.get(path(row)).json()["paid"] == euros("10.50")


def test_a_stale_tag_pays_nothing(row: Reservation, clerk: Api) -> None:
    etag = clerk.get(f"/reservations/{row.pk}")["ETag"]
    assert clerk.post(path(row), CASH, If_Match=etag, Idempotency_Key="a").status_code == 201
    problem(clerk.post(path(row), CASH, If_Match=etag), 412, "precondition_failed")
    # A repeat is answered whatever its tag.
    assert clerk.post(path(row), CASH, If_Match=etag, Idempotency_Key="a").status_code == 201
    assert clerk.get(path(row)).json()["paid"] == euros("12.50")


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "1250"), ("KWD", "1.250")])
def test_each_currency_has_its_own_decimals(
    row: Reservation, clerk: Api, currency: str, amount: str
) -> None:
    Reservation.objects.update(currency=currency)
    money = {"amount": amount, "currency": currency}
    assert clerk.post(path(row), {"method": "voucher", "amount": money}).json()["amount"] == money
    assert clerk.get(path(row)).json()["paid"] == money
    row.refresh_from_db()
    assert row.paid_minor == 1250
    wrong = money | {"amount": "1.2345"}
    assert set(faults(clerk.post(path(row), {"method": "cash", "amount": wrong}))) == {"amount"}
