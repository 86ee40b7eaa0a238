"""Idempotency-Key: a request sent twice makes one reservation and gets one answer."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from guests import keys, tokens
from guests.models import User
from reservations import idempotency
from reservations.models import Reservation, StoredAnswer
from tests.api.calling import Api, anonymous, faults, partner, person, problem, stay
from tests.factories import make_venue
from tests.guests.factories import PartnerFactory, UserFactory
from tests.guests.races import race
from venues.models import Venue

pytestmark = pytest.mark.django_db

frozen = pytest.mark.usefixtures("clock")


def send(caller: Api, body: Any, key: str = "k1") -> Any:
    return caller.post("/reservations", body, Idempotency_Key=key)


def same(first: Any, second: Any) -> None:
    assert (first.status_code, second.status_code) == (201, 201), second.content
    assert first.content == second.content
    for name in ("Location", "ETag", "Content-Type"):
        assert first[name] == second[name]


@frozen
@pytest.mark.parametrize(
    "key", ["k", "x" * 255, "a b", "8e03978e-40d5-43dd-bc93-6894a57f9324", "'"]
)
def test_a_repeat_gets_the_same_answer_and_makes_nothing(
    guest: Api, hotel: Venue, key: str
) -> None:
    same(send(guest, stay(hotel), key), send(guest, stay(hotel), key))
    assert Reservation.objects.count() == 1


@frozen
def test_quoted_and_bare_are_the_same_key(guest: Api, hotel: Venue) -> None:
    same(send(guest, stay(hotel), "k1"), send(guest, stay(hotel), '"k1"'))
    long = "x" * 255
    same(send(guest, stay(hotel), long), send(guest, stay(hotel), f'"{long}"'))


@frozen
def test_the_same_document_written_otherwise_is_the_same_request(guest: Api, hotel: Venue) -> None:
    body = stay(hotel, remarks="é")
    first = send(guest, json.dumps(body).encode())
    turned = dict(reversed(body.items()))
    same(first, send(guest, json.dumps(turned, indent=3, ensure_ascii=False).encode()))


@frozen
def test_the_answer_is_the_first_one_also_after_a_change(guest: Api, hotel: Venue) -> None:
    first = send(guest, stay(hotel))
    guest.post(f"/reservations/{first.json()['id']}/cancel")
    same(first, send(guest, stay(hotel)))


@frozen
@pytest.mark.parametrize("change", [{"guest_count": 3}, {"remarks": "x"}])
def test_another_body_under_the_same_key_is_422(
    guest: Api, hotel: Venue, change: dict[str, Any]
) -> None:
    send(guest, stay(hotel))
    problem(send(guest, stay(hotel, **change)), 422, "idempotency_key_reused")
    assert Reservation.objects.count() == 1


@frozen
def test_without_a_key_each_request_makes_its_own(guest: Api, hotel: Venue) -> None:
    for _ in range(2):
        assert guest.post("/reservations", stay(hotel)).status_code == 201
    assert Reservation.objects.count() == 2
    assert not StoredAnswer.objects.exists()


@frozen
def test_a_refusal_stores_nothing_and_the_key_may_be_used_again(guest: Api, hotel: Venue) -> None:
    problem(send(guest, stay(hotel, guest_count=9)), 409, "party_too_large")
    problem(send(guest, stay(hotel, check_in="2027-02-01")), 400, "too_soon")
    problem(send(guest, stay(hotel, venue="nowhere")), 404, "not_found")
    faults(send(guest, stay(hotel, phone="1")))
    assert not StoredAnswer.objects.exists()
    assert send(guest, stay(hotel)).status_code == 201


@frozen
def test_keys_are_each_caller_s_own(hotel: Venue) -> None:
    venue = make_venue("hotel", units=4)
    callers = [
        person(UserFactory.create()),
        person(UserFactory.create()),
        partner(PartnerFactory.create(slug="acme", venues=[venue])),
        partner(PartnerFactory.create(slug="other", venues=[venue])),
    ]
    made = {send(caller, stay(venue)).json()["id"] for caller in callers}
    assert len(made) == 4


@frozen
@pytest.mark.parametrize("sweep", [False, True])
def test_a_key_is_good_for_24_hours(
    clock: FrozenDateTimeFactory, user: User, hotel: Venue, sweep: bool
) -> None:
    first = send(person(user), stay(hotel))
    clock.tick(timedelta(hours=24, seconds=-1))
    if sweep:
        idempotency.forget_old(timezone.now())
    same(first, send(person(user), stay(hotel)))
    clock.tick(timedelta(seconds=1))
    if sweep:
        idempotency.forget_old(timezone.now())
    again = send(person(user), stay(hotel))
    assert again.status_code == 201
    assert again.json()["id"] != first.json()["id"]
    same(again, send(person(user), stay(hotel)))


@frozen
@pytest.mark.parametrize(
    "key", ["", '""', "x" * 256, "a\x00b", "\x00", '"' + "x" * 256 + '"', "a\tb"]
)
def test_a_bad_key_is_refused_before_anything_is_made(guest: Api, hotel: Venue, key: str) -> None:
    assert set(faults(send(guest, stay(hotel), key))) == {"Idempotency-Key"}
    assert not Reservation.objects.exists()


@frozen
def test_erasing_a_guest_forgets_their_answers(guest: Api, hotel: Venue) -> None:
    send(guest, stay(hotel))
    assert StoredAnswer.objects.count() == 1
    assert guest.send("DELETE", "/me").status_code == 204
    assert not StoredAnswer.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("runners", [2, 8])
@pytest.mark.parametrize("kind", ["guest", "partner"])
def test_sent_at_the_same_moment_makes_one_reservation_and_one_answer(
    runners: int, kind: str
) -> None:
    venue = make_venue("parking", units=runners)
    if kind == "guest":
        headers = {"Authorization": f"Bearer {tokens.issue(UserFactory.create()).access}"}
    else:
        _, secret = keys.issue(PartnerFactory.create(venues=[venue]), by=None)
        headers = {"X-API-Key": secret}
    body = soon(venue)

    def act() -> tuple[int, bytes, str]:
        answer: Any = Client(raise_request_exception=False).post(
            "/api/v1/reservations",
            body,
            content_type="application/json",
            headers=headers | {"Idempotency-Key": "once"},
        )
        return answer.status_code, answer.content, answer.headers.get("Location", "")

    outcomes = race(runners, act)
    assert len(outcomes) == runners
    assert len(set(outcomes)) == 1, outcomes
    assert outcomes[0][0] == 201
    assert Reservation.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_bodies_under_one_key_at_the_same_moment_one_is_422() -> None:
    venue = make_venue("parking", units=2)
    guest = person(UserFactory.create())
    headers = guest.credentials() | {"Idempotency-Key": "once"}
    bodies = [soon(venue), soon(venue, remarks="x")]

    def act() -> int:
        body = bodies.pop()
        answer: Any = Client(raise_request_exception=False).post(
            "/api/v1/reservations", body, content_type="application/json", headers=headers
        )
        status: int = answer.status_code
        return status

    assert sorted(race(2, act)) == [201, 422]
    assert Reservation.objects.count() == 1


def soon(venue: Venue, /, **changes: Any) -> dict[str, Any]:
    """A body for two hours tomorrow; threads keep no frozen clock."""
    start = (timezone.now() + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    times = {"starts_at": start.isoformat(), "ends_at": (start + timedelta(hours=2)).isoformat()}
    return stay(venue) | {"check_in": None, "check_out": None} | times | changes


@pytest.fixture
def rotate(settings: Settings) -> Callable[[], None]:
    """Makes another SECRET_KEY the newest, and keeps the one of before."""

    def rotate() -> None:
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "another" * 9

    return rotate


@frozen
def test_a_repeat_after_a_rotation_of_the_key_makes_nothing(
    guest: Api, hotel: Venue, rotate: Callable[[], None]
) -> None:
    first = send(guest, stay(hotel))
    rotate()
    same(first, send(guest, stay(hotel)))
    problem(send(guest, stay(hotel, remarks="more")), 422, "idempotency_key_reused")
    assert Reservation.objects.count() == 1


@frozen
def test_a_stranger_who_repeats_after_a_rotation_gets_the_same_answer(
    rotate: Callable[[], None],
) -> None:
    """The name of a stranger is itself a keyed digest of the request."""
    body = {"email": "eve@example.com", "password": "correct horse battery"}
    body |= {"first_name": "Eve", "last_name": "Doe", "phone": "+31201234567"}
    first = anonymous().post("/auth/signup", body, Idempotency_Key="k1")
    assert first.status_code == 201, first.content
    rotate()
    again = anonymous().post("/auth/signup", body, Idempotency_Key="k1")
    assert again.status_code == 201 and again["Idempotent-Replayed"] == "true"
