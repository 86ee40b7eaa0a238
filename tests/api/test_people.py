"""Accounts over HTTP, as a client meets them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from freezegun import freeze_time
from pytest_django import DjangoAssertNumQueries, Settings

from guests import accounts, keys, tokens
from guests.models import Favourite, User
from tests.guests.factories import (
    PASSWORD,
    AdministratorFactory,
    FavouriteFactory,
    PartnerFactory,
    StaffFactory,
    UserFactory,
)
from venues.models import Venue

pytestmark = pytest.mark.django_db

BASE = "/api/v1"
JSON = "application/json"
GOOD = {
    "email": "Ada@Example.com",
    "password": PASSWORD,
    "first_name": "Ada",
    "last_name": "Lovelace",
    "phone": "2025550123",
}


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def bearer(user: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens.issue(user).access}"}


def a_venue(slug: str = "seaside") -> Venue:
    return Venue.objects.create(
        slug=slug, name=slug.title(), kind="hotel", mode="night", city="Delft"
    )


def send(client: Client, method: str, path: str, body: Any = None, **headers: str) -> Any:
    sent = {"data": body, "content_type": JSON} if body is not None else {}
    return getattr(client, method)(f"{BASE}{path}", headers=headers, **sent)


def pointers(answer: Any) -> list[str]:
    return [error["pointer"] for error in answer.json()["errors"]]


# Sign-up.


def test_sign_up_makes_a_guest(client: Client) -> None:
    answer = send(client, "post", "/auth/signup", GOOD)
    assert answer.status_code == 201
    made = User.objects.get()
    said = answer.json()
    assert said.pop("created_at").endswith("Z")
    assert said == {
        "id": str(made.pk),
        "email": "ada@example.com",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "display_name": "Ada Lovelace",
        "phone": "+12025550123",
        "receive_email_updates": True,
        "receive_phone_call": True,
        "receive_text_notification": False,
        "role": "guest",
        "time_zone": "UTC",
    }


def test_sign_up_of_a_registered_address_is_a_conflict(client: Client) -> None:
    send(client, "post", "/auth/signup", GOOD)
    answer = send(client, "post", "/auth/signup", GOOD | {"email": "ADA@example.com"})
    assert answer.status_code == 409
    assert answer.json()["code"] == "already_registered"
    assert answer["Content-Type"] == "application/problem+json"


def test_sign_up_assigns_nothing_it_does_not_ask_for(client: Client) -> None:
    extra = {"role": "administrator", "is_active": False, "id": 99, "token_version": 7}
    answer = send(client, "post", "/auth/signup", GOOD | extra)
    assert set(pointers(answer)) == {f"#/{name}" for name in extra}
    assert not User.objects.exists()


@pytest.mark.parametrize("field", list(GOOD))
@pytest.mark.parametrize("value", [None, "", 7, [], {}, "\x00", "x\x00", "\ud800", "x" * 9_999])
def test_sign_up_names_the_field_at_fault(client: Client, field: str, value: Any) -> None:
    answer = send(client, "post", "/auth/signup", GOOD | {field: value})
    if field == "password" and value == "x" * 9_999:
        assert pointers(answer) == ["#/password"]
    # NUL and half pairs may be refused for the body as a whole, before its fields are read.
    assert answer.status_code in {400, 422}
    if answer.status_code == 422 and "\x00" not in str(value):
        assert set(pointers(answer)) == {f"#/{field}"}
    assert not User.objects.exists()


@pytest.mark.parametrize("field", list(GOOD))
def test_sign_up_needs_every_field(client: Client, field: str) -> None:
    body = {name: value for name, value in GOOD.items() if name != field}
    answer = send(client, "post", "/auth/signup", body)
    assert answer.status_code == 422
    assert pointers(answer) == [f"#/{field}"]


def test_sign_up_tells_what_is_wrong_with_several_fields_at_once(client: Client) -> None:
    bad = {"phone": "123", "email": "ada", "first_name": " ", "password": "password"}
    answer = send(client, "post", "/auth/signup", GOOD | bad)
    assert answer.status_code == 422
    assert answer.json()["code"] == "validation_error"
    assert pointers(answer) == ["#/email", "#/first_name", "#/phone", "#/password"]


# Log-in.


def test_log_in_gives_a_pair_that_is_believed(client: Client) -> None:
    user = UserFactory.create(email="ada@example.com")
    answer = send(client, "post", "/auth/login", {"email": "ADA@example.com", "password": PASSWORD})
    assert answer.status_code == 200
    pair = answer.json()
    assert set(pair) == {"access", "refresh", "token_type", "expires_in"}
    assert (pair["token_type"], pair["expires_in"]) == ("Bearer", 900)
    assert "no-store" in answer["Cache-Control"]
    me = send(client, "get", "/me", Authorization=f"Bearer {pair['access']}")
    assert me.json()["id"] == str(user.pk)


def test_wrong_unknown_and_closed_answer_alike(client: Client) -> None:
    UserFactory.create(email="ada@example.com")
    UserFactory.create(email="gone@example.com", is_active=False)
    answers = [
        send(client, "post", "/auth/login", {"email": email, "password": password})
        for email, password in [
            ("ada@example.com", "wrong"),
            ("gone@example.com", PASSWORD),
            ("nobody@example.com", PASSWORD),
            ("not an address", PASSWORD),
        ]
    ]
    assert {answer.status_code for answer in answers} == {401}
    # Each problem names its own request.
    told = {answer.content.decode().replace(answer["Request-Id"], "") for answer in answers}
    assert len(told) == 1
    assert answers[0].json()["code"] == "invalid_credentials"
    assert "WWW-Authenticate" in answers[0]


def attempt(client: Client, password: str, email: str = "ada@example.com", **more: Any) -> Any:
    return client.post(
        f"{BASE}/auth/login", {"email": email, "password": password}, content_type=JSON, **more
    )


def test_after_many_failures_an_address_waits(client: Client, settings: Settings) -> None:
    settings.LOGIN_FAILURE_RATE = "3/m"
    UserFactory.create(email="ada@example.com")
    with freeze_time("2027-03-01T12:00:00Z"):
        for _ in range(3):
            assert attempt(client, "wrong").status_code == 401
        held_back = attempt(client, PASSWORD)
        assert held_back.status_code == 429
        assert held_back.json()["code"] == "rate_limited"
        wait = int(held_back["Retry-After"])
        assert 1 <= wait <= 60
        # Other letters are the same address; somebody else, or from elsewhere, is not held back.
        assert attempt(client, PASSWORD, email=" ADA@example.com").status_code == 429
        assert attempt(client, "wrong", email="bob@example.com").status_code == 401
        assert attempt(client, PASSWORD, REMOTE_ADDR="203.0.113.9").status_code == 200
    with freeze_time("2027-03-01T12:00:00Z") as clock:
        clock.tick(timedelta(seconds=wait + 1))
        assert attempt(client, PASSWORD).status_code == 200


def test_forged_forwarding_does_not_give_more_guesses(client: Client, settings: Settings) -> None:
    settings.LOGIN_FAILURE_RATE = "3/h"
    statuses = [
        attempt(client, "wrong", HTTP_X_FORWARDED_FOR=f"198.51.100.{number}").status_code
        for number in range(5)
    ]
    assert statuses == [401, 401, 401, 429, 429]


def test_success_does_not_count(client: Client, settings: Settings) -> None:
    settings.LOGIN_FAILURE_RATE = "1/h"
    UserFactory.create(email="ada@example.com")
    assert {attempt(client, PASSWORD).status_code for _ in range(3)} == {200}


# Refresh, log-out, session.


def test_refresh_gives_a_new_pair_once_and_replay_ends_the_log_in(client: Client) -> None:
    first = tokens.issue(UserFactory.create())
    answer = send(client, "post", "/auth/refresh", {"refresh": first.refresh})
    assert answer.status_code == 200
    second = answer.json()["refresh"]
    replayed = send(client, "post", "/auth/refresh", {"refresh": first.refresh})
    assert (replayed.status_code, replayed.json()["code"]) == (401, "invalid_token")
    assert send(client, "post", "/auth/refresh", {"refresh": second}).status_code == 401


def test_log_out_needs_only_the_refresh_token_and_may_be_repeated(client: Client) -> None:
    pair = tokens.issue(UserFactory.create())
    for _ in range(2):
        answer = send(client, "post", "/auth/logout", {"refresh": pair.refresh})
        assert (answer.status_code, answer.content) == (204, b"")
    assert send(client, "post", "/auth/refresh", {"refresh": pair.refresh}).status_code == 401


def test_log_out_without_anything_genuine_is_refused(client: Client) -> None:
    pair = tokens.issue(UserFactory.create())
    access = f"Bearer {pair.access}"
    bodies: list[Any] = [
        {},
        {"refresh": "x"},
        {"refresh": pair.access},
        {"refresh": 7},
        [],
        "x",
        "x" * 300_000,
    ]
    for body in bodies:
        assert send(client, "post", "/auth/logout", body).status_code == 401
    assert send(client, "post", "/auth/logout", {}, Authorization=access).status_code == 422
    answer = send(client, "post", "/auth/logout", {"refresh": "x"}, Authorization=access)
    assert answer.status_code == 401
    assert send(client, "post", "/auth/refresh", {"refresh": pair.refresh}).status_code == 200


def test_log_out_with_a_token_that_nobody_was_given_is_refused(client: Client) -> None:
    user = UserFactory.create()
    kept = tokens.issue(user)
    header, body, signature = kept.refresh.split(".")
    deleted = tokens.issue(UserFactory.create())
    User.objects.exclude(pk=user.pk).delete()
    for forged in (
        deleted.refresh,
        f"{header}.{body}.",
        f"{header}.{body}.{signature[::-1]}",
        f"{body}.{header}.{signature}",
        kept.refresh[:-2],
        kept.access,
    ):
        answer = send(client, "post", "/auth/logout", {"refresh": forged})
        assert (answer.status_code, "WWW-Authenticate" in answer) == (401, True)
    assert send(client, "post", "/auth/refresh", {"refresh": kept.refresh}).status_code == 200


def test_log_out_ends_the_log_in_of_its_own_token_and_no_other(client: Client) -> None:
    """Whoever else is named by an access token beside it, valid, ended or made up."""
    mine, theirs = UserFactory.create(), UserFactory.create()
    for access in (bearer(theirs)["Authorization"], "Bearer x", ""):
        pair, others = tokens.issue(mine), tokens.issue(theirs)
        headers = {"Authorization": access}
        sent = send(client, "post", "/auth/logout", {"refresh": pair.refresh}, **headers)
        assert sent.status_code == 204
        assert send(client, "post", "/auth/refresh", {"refresh": pair.refresh}).status_code == 401
        assert send(client, "post", "/auth/refresh", {"refresh": others.refresh}).status_code == 200


def test_a_session_of_the_pages_is_exchanged_for_tokens() -> None:
    user = UserFactory.create()
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    assert send(browser, "post", "/auth/session").status_code == 401
    browser.force_login(user, backend="config.page_log_in.HeldBack")
    forged = send(browser, "post", "/auth/session")
    assert (forged.status_code, forged.json()["code"]) == (403, "forbidden")
    browser.cookies["csrftoken"] = "a" * 32
    answer = send(browser, "post", "/auth/session", **{"X-CSRFToken": "a" * 32})
    assert answer.status_code == 200
    assert tokens.read(answer.json()["access"], use="access").user_id == user.pk


# One's own data.


def test_me_costs_one_query_and_one_for_a_zone_that_was_not_chosen(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    user = UserFactory.create(time_zone="Europe/Amsterdam")
    credentials = bearer(user)
    with django_assert_num_queries(1):
        assert send(client, "get", "/me", **credentials).status_code == 200
    credentials = bearer(StaffFactory.create())
    with django_assert_num_queries(3):
        assert send(client, "get", "/me", **credentials).status_code == 200


def test_me_changes_what_is_sent(client: Client) -> None:
    user = UserFactory.create(last_name="Lovelace")
    body = {"first_name": "Grace", "phone": "+31 6 12345678", "receive_phone_call": False}
    answer = send(client, "patch", "/me", body, **bearer(user))
    assert answer.status_code == 200
    said = answer.json()
    assert (said["first_name"], said["last_name"]) == ("Grace", "Lovelace")
    assert (said["phone"], said["receive_phone_call"]) == ("+31612345678", False)


def test_me_does_not_change_what_is_not_contact_data(client: Client) -> None:
    user = UserFactory.create(email="ada@example.com")
    body = {"role": "administrator", "id": "1", "created_at": "2000-01-01T00:00:00Z"}
    answer = send(client, "patch", "/me", body, **bearer(user))
    assert set(pointers(answer)) == {f"#/{name}" for name in body}
    user.refresh_from_db()
    assert user.role == "guest" and user.created_at.year > 2000


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"first_name": ""}, "#/first_name"),
        ({"first_name": None}, "#/first_name"),
        ({"last_name": "x" * 16}, "#/last_name"),
        ({"last_name": "  "}, "#/last_name"),
        ({"phone": "12"}, "#/phone"),
        ({"receive_phone_call": "perhaps"}, "#/receive_phone_call"),
        ({"receive_phone_call": None}, "#/receive_phone_call"),
    ],
)
def test_me_refuses_by_field(client: Client, body: dict[str, Any], pointer: str) -> None:
    answer = send(client, "patch", "/me", body, **bearer(UserFactory.create()))
    assert answer.status_code == 422
    assert pointers(answer) == [pointer]


def test_the_calls_about_me_are_for_people(client: Client) -> None:
    _, secret = keys.issue(PartnerFactory.create(), by=None)
    for method, path in [
        ("get", "/me"),
        ("patch", "/me"),
        ("delete", "/me"),
        ("get", "/me/export"),
        ("get", "/me/favourites"),
        ("put", "/me/favourites/seaside"),
        ("delete", "/me/favourites/seaside"),
    ]:
        body: Any = {} if method == "patch" else None
        assert send(client, method, path, body).status_code == 401
        answer = send(client, method, path, body, **{"X-API-Key": secret})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


# Favourites.


def test_favourites_are_marked_and_unmarked_as_often_as_one_likes(client: Client) -> None:
    a_venue()
    user = UserFactory.create()
    for _ in range(2):
        assert send(client, "put", "/me/favourites/seaside", **bearer(user)).status_code == 204
    listed = send(client, "get", "/me/favourites", **bearer(user)).json()
    assert [item["slug"] for item in listed["items"]] == ["seaside"]
    assert set(listed["items"][0]) == {"slug", "name", "kind", "city", "since"}
    for _ in range(2):
        assert send(client, "delete", "/me/favourites/seaside", **bearer(user)).status_code == 204
    assert send(client, "get", "/me/favourites", **bearer(user)).json() == {
        "items": [],
        "next_cursor": None,
    }


@pytest.mark.parametrize("slug", ["nowhere", "%00", "a%00b", "é", "a b", "x" * 300])
@pytest.mark.parametrize("method", ["put", "delete"])
def test_a_venue_that_is_not_there_cannot_be_marked(client: Client, method: str, slug: str) -> None:
    answer = send(client, method, f"/me/favourites/{slug}", **bearer(UserFactory.create()))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_favourites_are_ones_own_and_paged(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    user = UserFactory.create()
    for number in range(5):
        FavouriteFactory.create(user=user, venue=a_venue(f"venue-{number}"))
    FavouriteFactory.create(venue=Venue.objects.get(slug="venue-0"))
    credentials, seen, cursor = bearer(user), [], ""
    for _ in range(3):
        with django_assert_num_queries(2):
            page = send(client, "get", f"/me/favourites?limit=2{cursor}", **credentials).json()
        seen += [item["slug"] for item in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [f"venue-{number}" for number in (4, 3, 2, 1, 0)]
    assert page["next_cursor"] is None
    assert Favourite.objects.count() == 6


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "cursor=x", "cursor=-1", "cursor=%00", "cursor="]
)
def test_a_page_that_cannot_be_is_refused(client: Client, query: str) -> None:
    answer = send(client, "get", f"/me/favourites?{query}", **bearer(UserFactory.create()))
    assert answer.status_code == 422


# Export and erasure.


def test_an_export_tells_everything_and_no_secret(client: Client) -> None:
    user = UserFactory.create(email="canary@example.com", phone="+12025550123")
    accounts.mark_favourite(user, a_venue().pk)
    answer = send(client, "get", "/me/export", **bearer(user))
    assert answer.status_code == 200
    told = answer.json()
    assert told["profile"]["email"] == "canary@example.com"
    assert told["favourites"][0]["slug"] == "seaside"
    assert told["reservations"] == []
    assert "no-store" in answer["Cache-Control"]
    assert user.password.encode() not in answer.content and b"digest" not in answer.content


def test_an_erased_person_is_gone_and_may_sign_up_anew(client: Client) -> None:
    send(client, "post", "/auth/signup", GOOD)
    user = User.objects.get()
    pair = tokens.issue(user)
    access = {"Authorization": f"Bearer {pair.access}"}
    answer = send(client, "delete", "/me", **access)
    assert (answer.status_code, answer.content) == (204, b"")
    assert not User.objects.exists()
    assert send(client, "get", "/me", **access).status_code == 401
    assert send(client, "post", "/auth/refresh", {"refresh": pair.refresh}).status_code == 401
    assert send(client, "post", "/auth/signup", GOOD).status_code == 201


def test_every_kind_of_person_has_a_me(client: Client) -> None:
    for make, role in [
        (UserFactory, "guest"),
        (StaffFactory, "staff"),
        (AdministratorFactory, "administrator"),
    ]:
        assert send(client, "get", "/me", **bearer(make.create())).json()["role"] == role


def test_what_is_told_is_current(client: Client) -> None:
    user = UserFactory.create()
    credentials = bearer(user)
    User.objects.update(role="staff")
    assert send(client, "get", "/me", **credentials).json()["role"] == "staff"
    User.objects.update(is_active=False)
    assert send(client, "get", "/me", **credentials).status_code == 401
    assert timezone.now() > user.created_at
