"""The appointments challenge as a plain HTTP script: schedule, list, reserve, confirm, expire."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from guests.models import PracticeClient, User
from reservations import sweeps
from reservations.models import Reservation, StoredAnswer
from tests.api.calling import Api, anonymous, faults, partner, person, problem
from tests.api.conftest import TODAY
from tests.factories import hold, make_venue
from tests.guests.factories import AdministratorFactory, PartnerFactory, StaffFactory
from tests.guests.races import race
from tests.reservations.facts import DAY, HOUR, MINUTE, SECOND
from tests.trades.asking import BAD_IDS, BAD_SEGMENTS, block, made, open_for, person_named, starts
from venues.models import Provider, Resource, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

EIGHT = datetime(2027, 2, 4, 7, tzinfo=UTC)
"""Eight in the morning in Amsterdam, three days after TODAY."""


@pytest.fixture
def opened(desk: Api, provider: Resource) -> Resource:
    """The provider, open from eight to eleven on that day."""
    made(open_for(desk, provider.pk, block("2027-02-04", "08:00", "11:00")))
    return provider


def wish(provider: Resource, start: datetime = EIGHT, **changes: Any) -> dict[str, Any]:
    return {"provider_id": provider.pk, "starts_at": start.isoformat()} | changes


def confirm(caller: Api, appointment: dict[str, Any]) -> Any:
    return caller.patch(f"/appointments/{appointment['id']}", {"is_confirmed": True})


def test_the_script_of_the_challenge(
    practice: Venue, desk: Api, guest: Api, clock: FrozenDateTimeFactory
) -> None:
    provider = made(desk.post("/providers", person_named(1)))
    assert (provider["venue"], provider["time_zone"]) == ("practice", "Europe/Amsterdam")
    blocks = [block("2027-02-04", "08:00", "11:00"), block("2027-02-04", "12:00", "15:00")]
    made(open_for(desk, provider["id"], *blocks))
    listed = starts(guest, provider["id"], date="2027-02-04")
    assert len(listed) == 24
    body = {"provider_id": provider["id"], "starts_at": listed[0]}
    appointment = made(guest.post("/appointments", body))
    assert appointment["status"] == "held"
    assert appointment["hold_expires_at"] == "2027-02-01T09:30:00Z"
    assert listed[0] not in starts(guest, provider["id"], date="2027-02-04")
    confirmed = confirm(guest, appointment)
    assert (confirmed.status_code, confirmed.json()["is_confirmed"]) == (200, True)
    clock.move_to(TODAY + HOUR)
    assert listed[0] not in starts(guest, provider["id"], date="2027-02-04")


def test_an_appointment_says_with_whom_and_when_and_what_it_costs(
    opened: Resource, guest: Api, driver: User
) -> None:
    appointment = made(guest.post("/appointments", wish(opened)))
    assert appointment == {
        "id": Reservation.objects.get().pk,
        "provider_id": opened.pk,
        "client_id": driver.pk,
        "starts_at": "2027-02-04T07:00:00Z",
        "ends_at": "2027-02-04T07:15:00Z",
        "time_zone": "Europe/Amsterdam",
        "status": "held",
        "is_confirmed": False,
        "hold_expires_at": "2027-02-01T09:30:00Z",
        "price": {"amount": "45.00", "currency": "EUR"},
        "replaces": None,
    }


@pytest.mark.parametrize("is_swept", [True, False])
@pytest.mark.parametrize(
    ("after", "is_lapsed"),
    [(30 * MINUTE - SECOND, False), (30 * MINUTE, True), (30 * MINUTE + SECOND, True)],
)
def test_what_is_not_confirmed_expires_after_thirty_minutes_worker_or_no_worker(
    opened: Resource,
    guest: Api,
    stranger: Api,
    clock: FrozenDateTimeFactory,
    after: timedelta,
    is_lapsed: bool,
    is_swept: bool,
) -> None:
    appointment = made(guest.post("/appointments", wish(opened)))
    clock.move_to(TODAY + after)
    if is_swept:
        assert sweeps.expire_holds() == int(is_lapsed)
    assert (appointment["starts_at"] in starts(stranger, opened.pk)) is is_lapsed
    answer = confirm(guest, appointment)
    if is_lapsed:
        problem(answer, 409, "hold_expired")
        made(stranger.post("/appointments", wish(opened)))
    else:
        assert answer.status_code == 200
        problem(stranger.post("/appointments", wish(opened)), 409, "taken")


def test_while_it_is_held_another_client_is_told_when_it_may_be_free(
    opened: Resource, guest: Api, stranger: Api
) -> None:
    made(guest.post("/appointments", wish(opened)))
    said = problem(stranger.post("/appointments", wish(opened)), 409, "held_by_other")
    assert said["may_free_at"] == "2027-02-01T09:30:00Z"


def test_confirming_twice_is_confirming_once(opened: Resource, guest: Api) -> None:
    appointment = made(guest.post("/appointments", wish(opened)))
    answers = [confirm(guest, appointment) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


def test_a_cancelled_appointment_cannot_be_confirmed(
    opened: Resource, guest: Api, clock: FrozenDateTimeFactory
) -> None:
    appointment = made(guest.post("/appointments", wish(opened)))
    guest.post(f"/reservations/{appointment['id']}/cancel")
    clock.move_to(TODAY + 2 * MINUTE)
    problem(confirm(guest, appointment), 409, "wrong_status")


@pytest.mark.parametrize(
    ("ahead", "status"), [(DAY - SECOND, 400), (DAY, 201), (DAY + SECOND, 201)]
)
def test_less_than_a_day_ahead_is_too_soon(
    opened: Resource, guest: Api, clock: FrozenDateTimeFactory, ahead: timedelta, status: int
) -> None:
    clock.move_to(EIGHT - ahead)
    answer = guest.post("/appointments", wish(opened))
    assert answer.status_code == status, answer.content
    if status == 400:
        problem(answer, 400, "too_soon")


def test_slots_within_the_notice_are_not_listed(
    opened: Resource, guest: Api, clock: FrozenDateTimeFactory
) -> None:
    clock.move_to(EIGHT - DAY + SECOND)
    assert starts(guest, opened.pk)[0] == "2027-02-04T07:15:00Z"


@pytest.mark.parametrize("shift", [MINUTE, -15 * MINUTE, 3 * HOUR, DAY])
def test_times_that_are_no_slot_are_refused(opened: Resource, guest: Api, shift: timedelta) -> None:
    answer = guest.post("/appointments", wish(opened, EIGHT + shift))
    assert answer.status_code == 409
    assert answer.json()["code"] in ("closed", "not_offered")


@pytest.mark.django_db(transaction=True)
def test_two_clients_at_once_are_one_appointment(
    opened: Resource, guest: Api, stranger: Api
) -> None:
    for number in range(5):
        body = wish(opened, EIGHT + number * 15 * MINUTE)
        callers = iter([guest, stranger])
        answers = race(2, lambda: next(callers).post("/appointments", body))  # noqa: B023
        assert sorted(answer.status_code for answer in answers) == [201, 409]


def test_the_practice_books_for_a_client(opened: Resource, desk: Api) -> None:
    client = made(desk.post("/clients", person_named(1)))
    appointment = made(desk.post("/appointments", wish(opened, client_id=client["id"])))
    assert appointment["client_id"] == client["id"]
    row = Reservation.objects.get()
    assert (row.email, row.phone) == ("ada1@example.com", "+31201234501")


def test_staff_who_name_themselves_book_for_themselves(practice: Venue, opened: Resource) -> None:
    nurse = StaffFactory.create(staff_venues=[practice], first_name="Nora")
    body = wish(opened, client_id=nurse.pk)
    assert made(person(nurse).post("/appointments", body))["client_id"] == nurse.pk
    assert Reservation.objects.get().first_name == "Nora"


def test_a_client_may_name_themselves_and_nobody_else(
    opened: Resource, desk: Api, guest: Api, driver: User
) -> None:
    other = made(desk.post("/clients", person_named(1)))["id"]
    answer = guest.post("/appointments", wish(opened, client_id=other))
    problem(answer, 404, "not_found")
    made(guest.post("/appointments", wish(opened, client_id=driver.pk)))


def test_somebody_who_is_no_client_is_not_found(opened: Resource, desk: Api, driver: User) -> None:
    gone = made(desk.post("/clients", person_named(1)))["id"]
    User.objects.filter(pk=gone).update(is_active=False)
    for given in (driver.pk, gone, 2**40):
        answer = desk.post("/appointments", wish(opened, client_id=given))
        problem(answer, 404, "not_found")


def test_another_clients_appointment_is_not_there(
    opened: Resource, guest: Api, stranger: Api
) -> None:
    problem(confirm(stranger, made(guest.post("/appointments", wish(opened)))), 404, "not_found")


def test_a_reservation_elsewhere_than_in_a_practice_is_not_there(administrator: Api) -> None:
    row = hold(make_venue("hotel", notice=timedelta(0)), EIGHT, hours=24)
    problem(confirm(administrator, {"id": row.pk}), 404, "not_found")


def test_staff_of_elsewhere_neither_enter_nor_book(
    practice: Venue, opened: Resource, desk: Api
) -> None:
    client = made(desk.post("/clients", person_named(1)))["id"]
    elsewhere = person(StaffFactory.create(staff_venues=[make_venue("hotel")]))
    problem(elsewhere.post("/clients", person_named(2)), 403, "forbidden")
    problem(elsewhere.post("/providers", person_named(2)), 403, "forbidden")
    refused = open_for(elsewhere, opened.pk, block("2027-02-05", "08:00", "09:00"))
    problem(refused, 403, "forbidden")
    answer = elsewhere.post("/appointments", wish(opened, client_id=client))
    problem(answer, 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/clients"),
        ("POST", "/providers"),
        ("POST", "/providers/1/schedule"),
        ("GET", "/providers/1/slots"),
        ("POST", "/appointments"),
        ("PATCH", "/appointments/1"),
    ],
)
def test_every_call_needs_credentials(method: str, path: str) -> None:
    body: Any = None if method == "GET" else {}
    problem(anonymous().send(method, path, body), 401, "not_authenticated")


@pytest.mark.parametrize("path", ["/clients", "/providers", "/providers/1/schedule"])
def test_guests_and_partners_enter_nobody(practice: Venue, guest: Api, path: str) -> None:
    acme = partner(PartnerFactory.create(venues=[practice]))
    for caller in (guest, acme):
        problem(caller.post(path, person_named(1)), 403, "forbidden")


def test_a_client_is_entered_as_somebody_who_may_log_in_later(desk: Api) -> None:
    client = made(desk.post("/clients", person_named(1, phone="020 123 4501")))
    assert client == {"id": client["id"], **person_named(1, phone="+31201234501")}
    user = User.objects.get(pk=client["id"])
    assert (user.role, user.has_usable_password()) == ("guest", False)


@pytest.mark.parametrize("path", ["/clients", "/providers"])
@pytest.mark.parametrize(
    "again", [{"email": "ADA1@Example.COM"}, {"phone": "020-1234501"}, {}], ids=str
)
def test_the_same_address_or_phone_is_refused(desk: Api, path: str, again: dict[str, str]) -> None:
    made(desk.post(path, person_named(1)))
    body = person_named(2, **again) if again else person_named(1)
    code = "already_registered" if path == "/clients" else "already_entered"
    problem(desk.post(path, body), 409, code)
    assert Provider.objects.count() + PracticeClient.objects.count() == 1
    assert Resource.objects.count() == Provider.objects.count()


def test_a_client_may_be_a_provider_too(desk: Api) -> None:
    made(desk.post("/clients", person_named(1)))
    made(desk.post("/providers", person_named(1)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/clients", "/providers"])
def test_two_clerks_at_once_enter_somebody_once(desk: Api, path: str) -> None:
    answers = race(3, lambda: desk.post(path, person_named(1)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


@pytest.mark.django_db(transaction=True)
def test_namesakes_entered_at_once_are_told_apart(desk: Api) -> None:
    numbers = iter(range(1, 5))
    answers = race(4, lambda: desk.post("/providers", person_named(next(numbers))))
    assert [answer.status_code for answer in answers] == [201] * 4
    names = set(Resource.objects.values_list("name", flat=True))
    assert names == {"Ada Lovelace", *(f"Ada Lovelace {number}" for number in (2, 3, 4))}


@pytest.mark.parametrize("path", ["/clients", "/providers"])
def test_entering_repeated_with_a_key_gets_the_same_answer(desk: Api, path: str) -> None:
    answers = [desk.post(path, person_named(1), Idempotency_Key="k") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    problem(desk.post(path, person_named(2), Idempotency_Key="k"), 422, "idempotency_key_reused")
    assert StoredAnswer.objects.count() == 1


@pytest.mark.parametrize("path", ["/clients", "/providers"])
@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"phone": "12"}, {"phone"}),
        ({"email": "nobody"}, {"email"}),
        ({"first_name": "x" * 16}, {"first_name"}),
        ({"first_name": " ", "phone": "x", "email": "x"}, {"first_name", "phone", "email"}),
        ({"last_name": None}, {"last_name"}),
        ({"last_name": "a\x00"}, {"last_name"}),
    ],
)
def test_what_does_not_fit_is_named(
    desk: Api, path: str, changes: dict[str, Any], fields: set[str]
) -> None:
    assert set(faults(desk.post(path, person_named(1, **changes)))) == fields


def test_a_provider_may_have_a_zone_of_their_own(desk: Api) -> None:
    provider = made(desk.post("/providers", person_named(1, time_zone="Asia/Kathmandu")))
    assert provider["time_zone"] == "Asia/Kathmandu"
    assert Resource.objects.get().zone.key == "Asia/Kathmandu"


@pytest.mark.parametrize("given", ["Mars/Olympus", "+01:00", "../etc/passwd", "a\x00b"])
def test_a_zone_that_is_none_is_refused(desk: Api, given: str) -> None:
    answer = desk.post("/providers", person_named(1, time_zone=given))
    assert list(faults(answer)) == ["time_zone"]
    assert Provider.objects.count() == 0


def test_where_there_are_several_practices_one_must_be_named(
    practice: Venue, administrator: Api
) -> None:
    other = make_venue("practice", units=0)
    assert list(faults(administrator.post("/providers", person_named(1)))) == ["venue"]
    named = made(administrator.post("/providers", person_named(1, venue=other.slug)))
    assert named["venue"] == other.slug


def test_where_there_is_no_practice_nobody_is_entered(administrator: Api) -> None:
    problem(administrator.post("/providers", person_named(1)), 404, "not_found")
    hotel = make_venue("hotel")
    answer = administrator.post("/providers", person_named(1, venue=hotel.slug))
    problem(answer, 404, "not_found")
    problem(administrator.post("/clients", person_named(1)), 404, "not_found")


def test_a_practice_without_a_category_gets_one(practice: Venue, administrator: Api) -> None:
    practice.rates.all().delete()
    practice.categories.all().delete()
    made(administrator.post("/providers", person_named(1)))
    assert practice.categories.get().code == "consult"


@pytest.mark.parametrize("field", ["provider_id", "client_id"])
@pytest.mark.parametrize("given", BAD_IDS)
def test_a_bad_id_in_a_wish_is_no_fault_of_ours(
    opened: Resource, desk: Api, field: str, given: Any
) -> None:
    answer = desk.post("/appointments", wish(opened) | {field: given})
    if field == "client_id" and given is None:
        assert answer.status_code == 201
    else:
        assert answer.status_code in (404, 422), answer.content


@pytest.mark.parametrize("given", BAD_SEGMENTS)
def test_a_bad_id_in_an_address_is_404(desk: Api, given: str) -> None:
    for answer in (
        desk.get(f"/providers/{given}/slots"),
        open_for(desk, given, block("2027-02-04", "08:00", "11:00")),
        confirm(desk, {"id": given}),
    ):
        problem(answer, 404, "not_found")


def test_a_unit_elsewhere_is_no_provider(practice: Venue, guest: Api) -> None:
    room = make_venue("hotel").resources.get()
    problem(guest.get(f"/providers/{room.pk}/slots"), 404, "not_found")
    problem(guest.post("/appointments", wish(room)), 404, "not_found")


def test_a_provider_who_left_is_not_there(opened: Resource, guest: Api) -> None:
    Resource.objects.filter(pk=opened.pk).update(retired_at=TODAY)
    problem(guest.get(f"/providers/{opened.pk}/slots"), 404, "not_found")
    problem(guest.post("/appointments", wish(opened)), 404, "not_found")


@pytest.mark.parametrize("body", [{}, {"is_confirmed": False}, {"is_confirmed": "yes"}, [], None])
def test_confirming_needs_a_yes(opened: Resource, guest: Api, body: Any) -> None:
    appointment = made(guest.post("/appointments", wish(opened)))
    answer = guest.patch(f"/appointments/{appointment['id']}", body)
    assert answer.status_code in (400, 422), answer.content


def test_a_repeated_wish_is_one_appointment(opened: Resource, guest: Api) -> None:
    answers = [guest.post("/appointments", wish(opened), Idempotency_Key="k") for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert Reservation.objects.count() == 1


def test_confirming_is_limited_like_any_change_of_state(opened: Resource, guest: Api) -> None:
    appointment = made(guest.post("/appointments", wish(opened)))
    assert confirm(guest, appointment)["RateLimit"] == '"state";r=0;t=60'
    refused = guest.post(f"/reservations/{appointment['id']}/cancel")
    problem(refused, 429, "rate_limited")


def test_an_administrator_is_staff_of_every_practice(opened: Resource) -> None:
    boss = person(AdministratorFactory.create())
    client = made(boss.post("/clients", person_named(1)))["id"]
    made(boss.post("/appointments", wish(opened, client_id=client)))


def test_a_partner_cannot_say_for_whom(practice: Venue, opened: Resource) -> None:
    acme = partner(PartnerFactory.create(venues=[practice]))
    assert "phone" in faults(acme.post("/appointments", wish(opened)))
