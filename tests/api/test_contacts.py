"""Who a reservation is for: guests book for themselves, the desk and partners for others too."""

from typing import Any

import pytest

from config.demonstration import venues
from guests.models import User
from reservations.models import Reservation
from tests.api.calling import CONTACT, Api, faults, partner, person, stay
from tests.factories import make_venue
from tests.guests.factories import AdministratorFactory, PartnerFactory, StaffFactory, UserFactory
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

WHO = ("first_name", "last_name", "phone", "email")
TIMES = {"start_time": "2027-02-02T08:00:00Z", "end_time": "2027-02-02T12:00:00Z"}


def anonymous_stay(venue: Venue, **given: Any) -> dict[str, Any]:
    body = {name: value for name, value in stay(venue).items() if name not in CONTACT}
    return body | given


def booked_for(answer: Any) -> dict[str, str]:
    assert answer.status_code == 201, answer.content
    row = Reservation.objects.latest("pk")
    return {name: getattr(row, name) for name in WHO}


@pytest.fixture(params=["staff", "administrator"])
def clerk(request: pytest.FixtureRequest, hotel: Venue) -> User:
    if request.param == "staff":
        return StaffFactory.create(staff_venues=[hotel], receive_phone_call=False)
    return AdministratorFactory.create(receive_phone_call=False)


def test_nothing_of_the_clerks_goes_onto_a_guests_reservation(hotel: Venue, clerk: User) -> None:
    made = person(clerk).post("/reservations", anonymous_stay(hotel, **CONTACT))
    assert booked_for(made) == CONTACT | {"email": ""}
    assert made.json()["receive_phone_call"] is True


@pytest.mark.parametrize("given", [{"first_name": "Ada"}, {"email": "ada@example.com"}])
def test_the_desk_gives_all_that_is_required_of_somebody_else(
    hotel: Venue, clerk: User, given: dict[str, str]
) -> None:
    missing = {"first_name", "last_name", "phone"} - given.keys()
    assert (
        set(faults(person(clerk).post("/reservations", anonymous_stay(hotel, **given)))) == missing
    )


def test_a_clerk_who_names_nobody_books_for_themselves(hotel: Venue, clerk: User) -> None:
    made = person(clerk).post("/reservations", anonymous_stay(hotel, receive_phone_call=True))
    assert booked_for(made) == {name: getattr(clerk, name) for name in WHO}
    assert made.json()["receive_phone_call"] is True


def test_at_another_house_a_clerk_is_a_guest_as_others_are(hotel: Venue) -> None:
    clerk = StaffFactory.create(staff_venues=[make_venue("hotel")])
    made = person(clerk).post("/reservations", anonymous_stay(hotel, first_name="Ada"))
    assert booked_for(made) == {name: getattr(clerk, name) for name in WHO} | {"first_name": "Ada"}


def test_a_guest_may_leave_out_or_replace_any_of_it(user: User, guest: Api, hotel: Venue) -> None:
    made = guest.post("/reservations", anonymous_stay(hotel, last_name="Byron"))
    assert booked_for(made) == {name: getattr(user, name) for name in WHO} | {"last_name": "Byron"}


def test_partners_and_the_desk_book_spots_for_others(guest: Api, user: User) -> None:
    lot = venues.smart_parking()
    acme = partner(PartnerFactory.create(venues=[lot]))
    wish = {"lot_id": lot.slug} | TIMES
    assert set(faults(acme.post("/parking/reservations", wish))) == {
        "first_name", "last_name", "phone",
    }  # fmt: skip
    for caller in (acme, person(StaffFactory.create(staff_venues=[lot]))):
        for who in (CONTACT | {"email": ""}, CONTACT | {"email": "ada@example.com"}):
            assert booked_for(caller.post("/parking/reservations", wish | who)) == who
    assert booked_for(guest.post("/parking/reservations", wish))["email"] == user.email


def test_partners_and_the_desk_book_appointments_for_others() -> None:
    practice = venues.practice()
    provider = practice.resources.all()[0].pk
    acme = partner(PartnerFactory.create(venues=[practice]))
    desk = person(StaffFactory.create(staff_venues=[practice]))
    path = f"/providers/{provider}/slots"
    starts = [slot["starts_at"] for slot in desk.get(path, {"date": "2027-02-03"}).json()["items"]]
    wish: dict[str, Any] = {"provider_id": provider}
    assert set(faults(acme.post("/appointments", wish | {"starts_at": starts[0]}))) == {
        "first_name", "last_name", "phone",
    }  # fmt: skip
    for caller, start in zip((acme, desk), starts, strict=False):
        made = caller.post("/appointments", wish | {"starts_at": start} | CONTACT)
        assert booked_for(made) == CONTACT | {"email": ""}
    client = UserFactory.create(role="guest").pk
    both = wish | {"starts_at": starts[3], "client_id": client} | CONTACT
    assert desk.post("/appointments", both).status_code in (404, 422)
