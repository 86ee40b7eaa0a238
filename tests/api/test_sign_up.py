"""Signing up with an Idempotency-Key: one account, one answer, and nothing secret is kept."""

import hashlib
from typing import Any

import orjson
import pytest
from django.test import Client
from pytest_django import Settings

from guests import accounts
from guests.models import User
from reservations.models import StoredAnswer
from reservations.privacy import erasure
from tests.api.calling import BASE, JSON, anonymous, faults, person, problem
from tests.factories import make_venue
from tests.guests.factories import PASSWORD, AdministratorFactory, UserFactory
from tests.guests.races import race

pytestmark = pytest.mark.django_db

ADA = {
    "email": "ada@example.com",
    "password": PASSWORD,
    "first_name": "Ada",
    "last_name": "Lovelace",
    "phone": "2025550123",
}


def sign_up(key: str = "k1", **changes: Any) -> Any:
    return anonymous().post("/auth/signup", ADA | changes, Idempotency_Key=key)


def test_a_repeat_gets_the_same_answer_and_one_account_is_made() -> None:
    first, second = sign_up(), sign_up()
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert first["Content-Type"] == second["Content-Type"] == JSON
    assert User.objects.count() == 1


def test_without_a_key_or_with_another_one_it_is_a_duplicate() -> None:
    assert sign_up().status_code == 201
    problem(sign_up("k2"), 409, "already_registered")
    problem(anonymous().post("/auth/signup", ADA), 409, "already_registered")


def test_a_key_cannot_be_used_to_see_what_somebody_else_was_answered() -> None:
    """Whoever has not sent all of the same request, the password included, is a stranger."""
    sign_up()
    problem(sign_up(password="another-good-password"), 409, "already_registered")
    other = sign_up(email="eve@example.com")
    assert other.json()["email"] == "eve@example.com"


def test_a_refused_sign_up_keeps_nothing_and_may_be_corrected_under_the_same_key() -> None:
    assert "phone" in faults(sign_up(phone="1"))
    UserFactory.create(email="bob@example.com")
    problem(sign_up(email="bob@example.com"), 409, "already_registered")
    assert not StoredAnswer.objects.exists()
    assert sign_up().status_code == 201


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "a\x01b"])
def test_a_bad_key_is_refused_and_makes_nothing(key: str) -> None:
    assert "Idempotency-Key" in faults(sign_up(key))
    assert not User.objects.exists()


def test_what_is_kept_holds_no_password_and_nothing_to_guess_it_by() -> None:
    sign_up()
    row = StoredAnswer.objects.get()
    kept = " ".join(str(value) for value in vars(row).values())
    assert PASSWORD not in kept
    # A bare digest of the request would be a fast hash of the password.
    document = orjson.dumps(ADA, option=orjson.OPT_SORT_KEYS)
    for guess in (document, f"POST {BASE}/auth/signup ".encode() + document):
        assert hashlib.sha256(guess).hexdigest() not in kept
    assert User.objects.get().password not in kept


def test_erasing_a_person_erases_the_answer_to_their_sign_up() -> None:
    sign_up()
    user = User.objects.get()
    assert person(user).send("DELETE", "/me").status_code == 204
    assert not StoredAnswer.objects.exists()
    assert sign_up().status_code == 201


def test_erasing_a_client_erases_the_answer_the_desk_was_given() -> None:
    boss = person(AdministratorFactory.create())
    make_venue("practice")
    body = {name: ADA[name] for name in ("email", "first_name", "last_name")}
    body["phone"] = "+12025550123"
    assert boss.post("/clients", body, Idempotency_Key="k").status_code == 201
    client = User.objects.get(email="ada@example.com")
    erasure.blank(client.pk)
    accounts.erase(client)
    assert not StoredAnswer.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_eight_at_the_same_moment_make_one_account_and_get_one_answer() -> None:
    def act() -> tuple[int, bytes]:
        answer: Any = Client(raise_request_exception=False).post(
            f"{BASE}/auth/signup", ADA, content_type=JSON, headers={"Idempotency-Key": "once"}
        )
        return answer.status_code, answer.content

    outcomes = race(8, act)
    assert len(set(outcomes)) == 1, outcomes
    assert outcomes[0][0] == 201
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_key_seven_of_eight_are_refused() -> None:
    """The negative control: it is the key that makes eight answers one."""

    def act() -> int:
        status: int = anonymous().post("/auth/signup", ADA).status_code
        return status

    assert sorted(race(8, act)) == [201] + [409] * 7


def test_so_many_a_minute_from_one_place_and_the_rest_wait(settings: Settings) -> None:
    settings.SIGN_UP_RATE = "2/m"
    told = [sign_up(email=f"{number}@example.com") for number in range(3)]
    assert [answer.status_code for answer in told] == [201, 201, 429]
    problem(told[2], 429, "rate_limited")
    assert 1 <= int(told[2]["Retry-After"]) <= 60
    assert {answer["RateLimit-Policy"] for answer in told} == {'"sign-up";q=2;w=60'}
    left = [answer["RateLimit"].partition(";t=")[0] for answer in told]
    assert left == ['"sign-up";r=1', '"sign-up";r=0', '"sign-up";r=0']
    assert User.objects.count() == 2


def test_another_place_is_not_held_back_and_a_forged_one_is(settings: Settings) -> None:
    settings.SIGN_UP_RATE = "1/m"
    assert sign_up().status_code == 201
    body = ADA | {"email": "bob@example.com"}
    forged = anonymous().post("/auth/signup", body, X_Forwarded_For="203.0.113.9")
    assert forged.status_code == 429
    elsewhere = Client(REMOTE_ADDR="203.0.113.9").post(
        f"{BASE}/auth/signup", body, content_type=JSON
    )
    assert elsewhere.status_code == 201


def test_what_has_no_shape_is_not_counted(settings: Settings) -> None:
    settings.SIGN_UP_RATE = "1/m"
    for _ in range(3):
        assert anonymous().post("/auth/signup", {}).status_code == 422
    assert sign_up().status_code == 201


@pytest.mark.django_db(transaction=True)
def test_of_sixteen_at_once_as_many_as_the_rate_says_get_through(settings: Settings) -> None:
    settings.SIGN_UP_RATE = "5/m"
    numbers = iter(range(16))

    def act() -> int:
        status: int = sign_up(email=f"{next(numbers)}@example.com").status_code
        return status

    assert sorted(race(16, act)) == [201] * 5 + [429] * 11
