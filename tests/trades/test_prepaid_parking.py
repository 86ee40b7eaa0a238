"""A driver prepays a spot for a stated time, extends it, overstays, and pays the rest."""

from datetime import timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from payments import doctor
from payments.models import FakeCharge
from tests.api.calling import CONTACT, Api, person, problem
from tests.factories import NOON, make_venue
from tests.guests.factories import UserFactory
from tests.reservations.facts import DAY, HOUR
from venues.models import PaymentTerm, Venue

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lot(settings: Any, clock: FrozenDateTimeFactory) -> Venue:
    """Ten euros an hour, all of it paid in advance."""
    settings.PAYMENTS = {"fake": {"class": "payments.providers.fake.Fake"}}
    clock.move_to(NOON - DAY)
    made = make_venue(units=2, guests_check_in=True, state_change_rate="20/m")
    PaymentTerm.objects.create(venue=made, kind=PaymentTerm.Asks.PREPAYMENT)
    return made


def pay(api: Api, key: str) -> str:
    """Pays what is asked for. Returns the amount."""
    made = api.post(f"/reservations/{key}/payments", {"method": "card"})
    assert made.status_code == 201, made.content
    page = made.json()["pay_url"].partition("//")[2].partition("/")[2]
    back = api.client.post(f"/{page}", {"outcome": "pay"})["Location"]
    api.client.get("/" + back.partition("//")[2].partition("/")[2])
    return str(made.json()["amount"]["amount"])


def amounts(api: Api, key: str) -> tuple[str, str, str]:
    """The price, what is paid, and what is due."""
    told = api.get(f"/reservations/{key}").json()
    return told["price"]["amount"], told["paid"]["amount"], told["due"]["amount"]


def test_a_spot_is_prepaid_extended_overstayed_and_paid_on_leaving(
    lot: Venue, clock: FrozenDateTimeFactory
) -> None:
    driver = person(UserFactory.create())
    times = {"starts_at": f"{NOON:%Y-%m-%dT%H:%M:%SZ}", "ends_at": "2027-03-01T14:00:00Z"}
    body = {"venue": lot.slug, "guest_count": 1, **CONTACT, **times}
    quote = driver.post(f"/venues/{lot.slug}/quote", times | {"guest_count": 1}).json()
    made = driver.post("/reservations", body).json()
    key = made["id"]
    # The price shows before the reservation is completed, and must be paid first.
    assert made["price"] == quote["price"] == {"amount": "20.00", "currency": "EUR"}
    assert made["status"] == "held" and made["due_now"]["amount"] == "20.00"
    problem(driver.post(f"/reservations/{key}/confirm"), 409, "payment_required")
    assert pay(driver, key) == "20.00"
    assert driver.get(f"/reservations/{key}").json()["status"] == "upcoming"
    assert amounts(driver, key) == ("20.00", "20.00", "0.00")

    clock.move_to(NOON)
    assert driver.send("PUT", f"/parking/reservations/{key}/occupy").status_code == 200
    clock.tick(HOUR)
    longer = driver.patch(f"/reservations/{key}", {"ends_at": "2027-03-01T15:00:00Z"})
    assert longer.status_code == 200, longer.content
    assert amounts(driver, key) == ("30.00", "20.00", "10.00")

    # Half an hour over: the difference of two whole sums, by the kept tariff.
    clock.move_to(NOON + 3 * HOUR + timedelta(minutes=30))
    left = driver.send("PUT", f"/parking/reservations/{key}/release")
    assert left.status_code == 200, left.content
    assert amounts(driver, key) == ("35.00", "20.00", "15.00")
    assert pay(driver, key) == "15.00"
    assert amounts(driver, key) == ("35.00", "35.00", "0.00")
    assert sum(one.captured_minor for one in FakeCharge.objects.all()) == 3_500
    assert list(doctor.differences()) == []


def test_a_prepaid_spot_that_is_given_back_before_the_start_is_paid_back(
    lot: Venue, clock: FrozenDateTimeFactory
) -> None:
    driver = person(UserFactory.create())
    body = {
        "venue": lot.slug, "guest_count": 1, **CONTACT,
        "starts_at": "2027-03-01T12:00:00Z", "ends_at": "2027-03-01T14:00:00Z",
    }  # fmt: skip
    key = driver.post("/reservations", body).json()["id"]
    pay(driver, key)
    done = driver.send("PUT", f"/parking/reservations/{key}/complete")
    assert done.json()["status"] == "Completed"
    told = driver.get(f"/reservations/{key}/payments").json()
    assert [(one["kind"], one["amount"]["amount"], one["state"]) for one in told["items"]] == [
        ("payment", "20.00", "captured"), ("refund", "20.00", "open"),
    ]  # fmt: skip
    assert (told["paid"]["amount"], told["refundable"]["amount"]) == ("20.00", "0.00")
