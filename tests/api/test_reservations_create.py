"""POST /reservations: what it takes, what it refuses, what it answers."""

from datetime import timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from guests.models import User
from reservations.models import Reservation
from tests.api.calling import CONTACT, Api, faults, partner, person, problem, sitting, stay
from tests.factories import NOON, add_category, hold, make_venue
from tests.guests.factories import PartnerFactory, StaffFactory, UserFactory
from venues.models import Policy, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def restaurant(db: None) -> Venue:
    return make_venue("restaurant", units=2)


def test_a_reservation_is_answered_whole(guest: Api, user: User, hotel: Venue) -> None:
    answer = guest.post("/reservations", stay(hotel))
    assert answer.status_code == 201, answer.content
    made = Reservation.objects.get()
    unit = made.allocations.get().resource
    shown = {"id": str(unit.pk), "name": unit.name, "floor": 1}
    assert answer.json() == {
        "id": str(made.pk),
        "code": made.code,
        "group_id": None,
        "venue": hotel.slug,
        "category": "standard",
        "resource": shown,
        "resources": [shown],
        "starts_at": "2027-03-01T14:00:00Z",
        "ends_at": "2027-03-03T10:00:00Z",
        "time_zone": "Europe/Amsterdam",
        "status": "held",
        "status_code": 4,
        "hold_expires_at": "2027-02-01T09:30:00Z",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "phone": "+31201234567",
        "email": user.email,
        "guest_count": 2,
        "receive_email_updates": True,
        "receive_phone_call": True,
        "receive_text_notification": False,
        "language": "en",
        "reference": None,
        "metadata": {},
        "adults": 2,
        "children": [],
        "occasion": "",
        "vehicle_plate": "",
        "remarks": "",
        "replaces": None,
        "price": {"amount": "20.00", "currency": "EUR"},
        "paid": {"amount": "0.00", "currency": "EUR"},
        "due": {"amount": "20.00", "currency": "EUR"},
        "due_now": {"amount": "0.00", "currency": "EUR"},
        "lines": [
            {
                "kind": "stay",
                "text": "Standard, 2 nights",
                "amount": {"amount": "20.00", "currency": "EUR"},
                "tax_code": None,
                "tax_rate": None,
                "included": False,
                "collected_by": "venue",
            }
        ],
        "extras": [],
        "terms": {"kind": "none", "percent": None, "amount": None},
        "cancellation": {
            "free_until": "2027-02-27T14:00:00Z",
            "fee_now": {"amount": "0.00", "currency": "EUR"},
            "fee_due": {"amount": "0.00", "currency": "EUR"},
            "steps": [
                {"from": "2027-02-27T14:00:00Z", "fee": {"amount": "20.00", "currency": "EUR"}}
            ],
        },
        "nightly": [
            {"date": "2027-03-01", "price": {"amount": "10.00", "currency": "EUR"}},
            {"date": "2027-03-02", "price": {"amount": "10.00", "currency": "EUR"}},
        ],
        "warnings": [],
        "created_at": "2027-02-01T09:00:00Z",
        "confirmed_at": None,
        "checked_in_at": None,
        "checked_out_at": None,
        "cancelled_at": None,
    }


def test_location_leads_to_what_was_made_and_etag_names_its_version(
    guest: Api, hotel: Venue
) -> None:
    made = guest.post("/reservations", stay(hotel))
    assert made["Location"] == f"/api/v1/reservations/{made.json()['id']}"
    found = guest.get(made["Location"].removeprefix("/api/v1"))
    assert found.json() == made.json()
    assert found["ETag"] == made["ETag"]


def test_a_venue_that_confirms_at_once_answers_upcoming(guest: Api) -> None:
    made = guest.post("/reservations", sitting(make_venue("parking", capacity=2))).json()
    assert (made["status"], made["status_code"], made["hold_expires_at"]) == ("upcoming", 0, None)
    assert made["confirmed_at"] == made["created_at"]


@pytest.mark.parametrize("field", ["venue", "guest_count"])
@pytest.mark.parametrize("value", [None, "left out"])
def test_venue_and_party_are_required(guest: Api, hotel: Venue, field: str, value: Any) -> None:
    body = stay(hotel, **{field: None})
    if value:
        del body[field]
    assert set(faults(guest.post("/reservations", body))) == {field}
    assert not Reservation.objects.exists()


@pytest.mark.parametrize("caller", ["partner", "staff with an empty profile"])
def test_contact_that_nothing_fills_is_required_and_all_of_it_is_named(
    hotel: Venue, caller: str
) -> None:
    if caller == "partner":
        asks = partner(PartnerFactory.create(venues=[hotel]))
    else:
        empty = {"first_name": "", "last_name": "", "phone": ""}
        asks = person(StaffFactory.create(staff_venues=[hotel], **empty))
    body = {name: value for name, value in stay(hotel).items() if name not in CONTACT}
    assert set(faults(asks.post("/reservations", body))) == set(CONTACT)


def test_contact_left_out_is_filled_from_the_profile(hotel: Venue) -> None:
    user = UserFactory.create(
        first_name="Grace",
        last_name="Hopper",
        phone="+12025550143",
        email="grace@example.com",
        receive_email_updates=False,
        receive_phone_call=False,
        receive_text_notification=True,
    )
    body = {name: value for name, value in stay(hotel).items() if name not in CONTACT}
    made = person(user).post("/reservations", body).json()
    names = ("first_name", "last_name", "phone", "email")
    assert [made[name] for name in names] == [
        "Grace", "Hopper", "+12025550143", "grace@example.com",
    ]  # fmt: skip
    assert made["receive_email_updates"] is False
    assert made["receive_phone_call"] is False
    assert made["receive_text_notification"] is True


def test_contact_that_is_given_stands_before_the_profile(user: User, hotel: Venue) -> None:
    own: dict[str, Any] = {"first_name": "Eve", "phone": "020 123 4567"}
    own |= {"email": "eve@example.com", "receive_phone_call": False}
    made = person(user).post("/reservations", stay(hotel, **own)).json()
    assert made["first_name"] == "Eve"
    assert made["phone"] == "+31201234567"
    assert made["email"] == "eve@example.com"
    assert made["receive_phone_call"] is False
    user.refresh_from_db()
    assert user.first_name != "Eve"


@pytest.mark.parametrize("field", ["first_name", "last_name"])
@pytest.mark.parametrize(
    ("value", "is_taken"),
    [
        ("x" * 15, True),
        ("x" * 16, False),
        ("é" * 15, True),
        ("", False),
        ("   ", False),
        (7, False),
        (["x"], False),
    ],
)
def test_names_have_1_to_15_characters(
    guest: Api, hotel: Venue, field: str, value: Any, is_taken: bool
) -> None:
    answer = guest.post("/reservations", stay(hotel, **{field: value}))
    if is_taken:
        assert answer.status_code == 201
    else:
        assert set(faults(answer)) == {field}


@pytest.mark.parametrize(
    ("region", "given", "stored"),
    [
        ("NL", "020 123 4567", "+31201234567"),
        ("NL", "0201234567", "+31201234567"),
        ("US", "2025550123", "+12025550123"),
        ("US", "(202) 555-0123", "+12025550123"),
        ("US", "+31 20 123 4567", "+31201234567"),
        ("NL", "+1 202 555 0123", "+12025550123"),
    ],
)
def test_phones_are_read_as_the_venue_s_region_writes_them(
    guest: Api, hotel: Venue, region: str, given: str, stored: str
) -> None:
    hotel.phone_region = region
    hotel.save()
    assert guest.post("/reservations", stay(hotel, phone=given)).json()["phone"] == stored


@pytest.mark.parametrize("given", ["123", "abc", "+999 1234567", "0" * 50, "", 2025550123])
def test_a_phone_that_cannot_be_is_refused_with_the_reason(
    guest: Api, hotel: Venue, given: Any
) -> None:
    found = faults(guest.post("/reservations", stay(hotel, phone=given)))
    assert set(found) == {"phone"}
    assert len(found["phone"]) > 10


@pytest.mark.parametrize("given", ["ada", "ada@", "@example.com", "a@b@c.com", "x" * 260, 7])
def test_an_e_mail_address_is_validated(guest: Api, hotel: Venue, given: Any) -> None:
    assert set(faults(guest.post("/reservations", stay(hotel, email=given)))) == {"email"}


def test_every_contact_fault_is_told_at_once(guest: Api, hotel: Venue) -> None:
    bad = {"phone": "123", "email": "ada", "first_name": " "}
    assert set(faults(guest.post("/reservations", stay(hotel, **bad)))) == set(bad)


@pytest.mark.parametrize(
    ("field", "longest"), [("occasion", 20), ("remarks", 500), ("vehicle_plate", 16)]
)
def test_texts_have_a_longest_length(guest: Api, hotel: Venue, field: str, longest: int) -> None:
    made = guest.post("/reservations", stay(hotel, **{field: "é" * longest}))
    assert made.json()[field] == "é" * longest
    answer = guest.post("/reservations", stay(hotel, **{field: "é" * (longest + 1)}))
    assert set(faults(answer)) == {field}


@pytest.mark.parametrize("value", [0, -1, 1.5, "2", True, 40_000, 10**30, [], {}])
def test_the_party_is_a_whole_number_of_at_least_one(guest: Api, hotel: Venue, value: Any) -> None:
    assert set(faults(guest.post("/reservations", stay(hotel, guest_count=value)))) == {
        "guest_count"
    }


@pytest.mark.parametrize(
    "field", ["receive_email_updates", "receive_phone_call", "receive_text_notification"]
)
@pytest.mark.parametrize("value", ["yes", 1, "true", []])
def test_wishes_are_true_or_false(guest: Api, hotel: Venue, field: str, value: Any) -> None:
    assert set(faults(guest.post("/reservations", stay(hotel, **{field: value})))) == {field}


@pytest.mark.parametrize("field", ["first_name", "remarks", "occasion", "vehicle_plate", "email"])
def test_text_with_nul_is_refused_naming_the_field(guest: Api, hotel: Venue, field: str) -> None:
    assert set(faults(guest.post("/reservations", stay(hotel, **{field: "a\x00b"})))) == {field}


def test_what_the_engine_decides_cannot_be_assigned(guest: Api, hotel: Venue) -> None:
    extra = {
        "id": "77", "code": "MINE", "status": "upcoming", "status_code": 0, "paid": True,
        "price": {"amount": "0.01", "currency": "EUR"}, "price_minor": 1, "partner": "acme",
        "created_at": "2020-01-01T00:00:00Z", "confirmed_at": "2027-01-01T00:00:00Z",
        "guest_id": 999, "version": 9, "group_id": "x", "hold_expires_at": "2099-01-01T00:00:00Z",
    }  # fmt: skip
    told = faults(guest.post("/reservations", stay(hotel, **extra)))
    assert set(told) == set(extra)
    assert told["price"] == "`price` is read-only here. Leave it out."
    assert not Reservation.objects.exists()


def test_nights_may_be_given_as_instants_of_the_days(guest: Api, hotel: Venue) -> None:
    body = stay(hotel, starts_at="2027-03-01T12:00:00+01:00", ends_at="2027-03-03T08:00:00Z")
    del body["check_in"], body["check_out"]
    made = guest.post("/reservations", body).json()
    assert (made["starts_at"], made["ends_at"]) == ("2027-03-01T14:00:00Z", "2027-03-03T10:00:00Z")


def test_nights_keep_their_local_hours_when_the_clocks_change(guest: Api, hotel: Venue) -> None:
    made = guest.post(
        "/reservations", stay(hotel, check_in="2027-03-27", check_out="2027-03-29")
    ).json()
    assert (made["starts_at"], made["ends_at"]) == ("2027-03-27T14:00:00Z", "2027-03-29T09:00:00Z")


def test_a_start_alone_takes_the_usual_length(guest: Api, restaurant: Venue) -> None:
    body = sitting(restaurant)
    del body["ends_at"]
    assert guest.post("/reservations", body).json()["ends_at"] == "2027-03-01T14:00:00Z"


def test_instants_are_read_with_their_offset(guest: Api, restaurant: Venue) -> None:
    given = {"starts_at": "2027-03-01T14:00:00+02:00", "ends_at": "2027-03-01T09:00:00-05:00"}
    made = guest.post("/reservations", sitting(restaurant, **given)).json()
    assert (made["starts_at"], made["ends_at"]) == ("2027-03-01T12:00:00Z", "2027-03-01T14:00:00Z")


@pytest.mark.parametrize("field", ["starts_at", "ends_at"])
@pytest.mark.parametrize(
    "value",
    [
        "2027-03-01T12:00:00", "2027-03-01", "tomorrow", "", 1_800_000_000, "1800000000", 0, True,
        [], "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2027-02-30T12:00:00Z",
    ],
)  # fmt: skip
def test_an_instant_that_is_none_is_refused(
    guest: Api, restaurant: Venue, field: str, value: Any
) -> None:
    assert set(faults(guest.post("/reservations", sitting(restaurant, **{field: value})))) == {
        field
    }


@pytest.mark.parametrize(
    "value", ["2027-02-30", "1.3.2027", "", 20270301, "20270301", "0001-01-01", "9999-12-31", []]
)
def test_a_date_that_is_none_is_refused(guest: Api, hotel: Venue, value: Any) -> None:
    assert set(faults(guest.post("/reservations", stay(hotel, check_in=value)))) == {"check_in"}


@pytest.mark.parametrize("check_out", ["2027-03-01", "2027-02-27"])
def test_a_stay_has_at_least_one_night(guest: Api, hotel: Venue, check_out: str) -> None:
    assert set(faults(guest.post("/reservations", stay(hotel, check_out=check_out)))) == {
        "check_out"
    }


@pytest.mark.parametrize("ends_at", ["2027-03-01T12:00:00Z", "2027-03-01T11:00:00Z"])
def test_the_end_is_after_the_start(guest: Api, restaurant: Venue, ends_at: str) -> None:
    assert set(faults(guest.post("/reservations", sitting(restaurant, ends_at=ends_at)))) == {
        "ends_at"
    }


@pytest.mark.parametrize("missing", ["check_in", "check_out"])
def test_both_dates_of_a_stay_are_needed(guest: Api, hotel: Venue, missing: str) -> None:
    body = stay(hotel)
    del body[missing]
    assert set(faults(guest.post("/reservations", body))) == {missing}


def test_a_start_is_needed(guest: Api, restaurant: Venue) -> None:
    body = sitting(restaurant)
    del body["starts_at"]
    assert set(faults(guest.post("/reservations", body))) == {"starts_at"}


@pytest.mark.parametrize(
    ("seconds", "status"), [(-1, 201), (0, 201), (1, 400)], ids=["before", "at", "after"]
)
def test_the_notice_of_24_hours_is_judged_to_the_second(
    clock: FrozenDateTimeFactory, hotel: Venue, user: User, seconds: int, status: int
) -> None:
    # The stay starts at 14:00 UTC on the first of March.
    clock.move_to(NOON + timedelta(hours=2) - timedelta(hours=24) + timedelta(seconds=seconds))
    answer = person(user).post("/reservations", stay(hotel))
    assert answer.status_code == status
    if status == 400:
        said = problem(answer, 400, "too_soon")
        assert said["earliest_start"] == "2027-03-01T14:00:01Z"
        assert not Reservation.objects.exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"check_in": "2029-03-01", "check_out": "2029-03-02"}, "too_far"),
        ({"check_out": "2027-05-15"}, "too_long"),
        ({"check_out": "2028-01-15"}, "too_long"),
        ({"check_in": "2026-12-01"}, "too_soon"),
    ],
)
def test_notice_horizon_and_length_are_400(
    guest: Api, hotel: Venue, changes: dict[str, str], code: str
) -> None:
    problem(guest.post("/reservations", stay(hotel, **changes)), 400, code)


def test_a_unit_may_be_named_and_is_kept(guest: Api, hotel: Venue) -> None:
    unit = hotel.resources.last()
    assert unit is not None
    for given in (str(unit.pk), unit.pk):
        made = guest.post("/reservations", stay(hotel, resource=given)).json()
        assert made["resource"]["id"] == str(unit.pk)
        Reservation.objects.get().allocations.all().delete()
        Reservation.objects.get().events.all().delete()
        Reservation.objects.all().delete()


@pytest.mark.parametrize(
    "given", ["0", "-1", 0, -1, 2**63, str(2**63), "9" * 40, "x", "", "1.5", "1e3", "٣", " 1", "+1"]
)
def test_a_unit_that_cannot_be_is_404(guest: Api, hotel: Venue, given: Any) -> None:
    problem(guest.post("/reservations", stay(hotel, resource=given)), 404, "not_found")


@pytest.mark.parametrize("given", [True, False, 1.5, [], {}, [1]])
def test_a_unit_that_is_no_id_is_422(guest: Api, hotel: Venue, given: Any) -> None:
    assert set(faults(guest.post("/reservations", stay(hotel, resource=given)))) == {"resource"}


def test_a_unit_of_another_venue_or_none_is_404(guest: Api, hotel: Venue) -> None:
    other = make_venue("hotel").resources.get()
    for given in (other.pk, 2**62):
        problem(guest.post("/reservations", stay(hotel, resource=given)), 404, "not_found")


def test_an_unknown_category_or_venue_is_404(guest: Api, hotel: Venue) -> None:
    problem(guest.post("/reservations", stay(hotel, category="suite")), 404, "not_found")
    problem(guest.post("/reservations", stay(hotel, venue="nowhere")), 404, "not_found")
    hotel.is_active = False
    hotel.save()
    problem(guest.post("/reservations", stay(hotel)), 404, "not_found")


def test_the_category_named_is_given(guest: Api, hotel: Venue) -> None:
    add_category(hotel, "suite", units=1)
    made = guest.post("/reservations", stay(hotel, category="suite")).json()
    assert made["category"] == "suite"


def test_without_choice_a_named_unit_is_refused(guest: Api, hotel: Venue) -> None:
    Policy.objects.filter(venue=hotel).update(unit_choice="venue")
    unit = hotel.resources.first()
    assert unit is not None
    problem(guest.post("/reservations", stay(hotel, resource=unit.pk)), 409, "no_choice")


def test_a_party_larger_than_any_unit_is_409(guest: Api, hotel: Venue) -> None:
    problem(guest.post("/reservations", stay(hotel, guest_count=5)), 409, "party_too_large")


def test_what_others_have_is_409_and_says_whether_it_may_free(
    guest: Api, restaurant: Venue
) -> None:
    for _ in range(2):
        hold(restaurant)
    said = problem(guest.post("/reservations", sitting(restaurant)), 409, "held_by_other")
    assert said["may_free_at"] == "2027-02-01T09:10:00Z"
    Reservation.objects.update(confirmed_at="2027-02-01T09:00:00Z")
    for row in Reservation.objects.all():
        row.allocations.update(lapses_at=None)
    problem(guest.post("/reservations", sitting(restaurant)), 409, "taken")


def test_a_hold_lapses_at_30_minutes_and_its_time_goes_to_the_next(
    clock: FrozenDateTimeFactory, user: User
) -> None:
    hotel = make_venue("hotel", units=1)
    made = person(user).post("/reservations", stay(hotel)).json()
    other = person(UserFactory.create())

    clock.tick(timedelta(minutes=29, seconds=59))
    assert person(user).get(f"/reservations/{made['id']}").json()["status"] == "held"
    problem(other.post("/reservations", stay(hotel)), 409, "held_by_other")

    clock.tick(timedelta(seconds=1))
    assert person(user).get(f"/reservations/{made['id']}").json()["status"] == "expired"
    assert other.post("/reservations", stay(hotel)).status_code == 201
    problem(person(user).post(f"/reservations/{made['id']}/confirm"), 409, "hold_expired")


def test_a_partner_books_for_its_venues_only(hotel: Venue) -> None:
    acme = partner(PartnerFactory.create(slug="acme", venues=[hotel]))
    made = acme.post("/reservations", stay(hotel))
    assert made.status_code == 201
    assert Reservation.objects.get().partner == "acme"
    problem(acme.post("/reservations", stay(make_venue("hotel"))), 403, "forbidden")


def test_staff_set_policy_aside_with_a_reason_and_guests_do_not(
    desk: Api, guest: Api, hotel: Venue
) -> None:
    tonight = {"check_in": "2027-02-01", "check_out": "2027-02-02"}
    problem(desk.post("/reservations", stay(hotel, **tonight)), 400, "too_soon")
    with_reason = stay(hotel, **tonight, override_reason="A regular")
    problem(guest.post("/reservations", with_reason), 403, "forbidden")
    assert desk.post("/reservations", with_reason).status_code == 201
    event = Reservation.objects.get().events.get(name="reservation.created")
    assert event.data == {"override_reason": "A regular"}
