"""Signing up on the page: the verb of the API, its refusals and limit, and where one goes on."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from guests import accounts
from guests.models import Tally, User
from tests.guests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

PAGE = "/accounts/signup/"
ADA = {
    "email": "Ada@example.com",
    "password": PASSWORD,
    "first_name": "Ada",
    "last_name": "Lovelace",
    "phone": "(202) 555-0123",
}


def sign_up(client: Client, **changes: Any) -> Any:
    return client.post(PAGE, ADA | changes)


def test_a_guest_is_made_as_over_the_api_and_is_logged_in(client: Client) -> None:
    assert sign_up(client).status_code == 302
    user = User.objects.get()
    assert (user.email, user.phone, user.role) == ("ada@example.com", "+12025550123", "guest")
    assert client.session["_auth_user_id"] == str(user.pk)
    assert accounts.log_in(email="ada@example.com", password=PASSWORD) == user


def test_what_was_chosen_before_is_where_one_goes_on(client: Client) -> None:
    chosen = "/venues/harbour-hotel/book/?check_in=2027-03-01&guests=2"
    page = client.get(PAGE, {"next": chosen}).content.decode()
    assert (
        'name="next" value="/venues/harbour-hotel/book/?check_in=2027-03-01&amp;guests=2"' in page
    )
    assert sign_up(client, next=chosen)["Location"] == chosen


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "javascript:alert(1)", r"\\evil.example"],
)
def test_nobody_is_sent_to_somebody_elses_site(client: Client, elsewhere: str) -> None:
    assert sign_up(client, next=elsewhere)["Location"] == "/"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("first_name", "", "Fill this in."),
        ("first_name", "A" * 16, "This has at most 15 characters."),
        ("last_name", "  ", "Fill this in."),
        ("phone", "12", "This phone number is too short."),
        ("email", "nobody", "@"),
        ("password", "12345678", "too common"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_linked_from_the_top(
    client: Client, field: str, value: str, said: str
) -> None:
    answer = sign_up(client, **{field: value})
    page = answer.content.decode()
    assert said in " ".join(answer.context["form"].errors[field])
    assert f'href="#id_{field}"' in page
    assert not User.objects.exists()
    assert PASSWORD not in page


def test_several_faults_are_told_at_once_and_what_was_typed_stays(client: Client) -> None:
    answer = sign_up(client, phone="12", last_name="L" * 16)
    assert set(answer.context["form"].errors) == {"phone", "last_name"}
    assert 'value="Ada@example.com"' in answer.content.decode()


def test_an_address_that_is_known_is_refused_in_the_words_of_the_api(client: Client) -> None:
    UserFactory.create(email="ada@example.com")
    answer = sign_up(client)
    said = answer.context["form"].errors["email"]
    assert said == ["This e-mail address is already registered. Log in instead."]
    assert User.objects.count() == 1


def test_so_many_a_minute_from_one_place_over_both_doors(
    client: Client, settings: Settings
) -> None:
    settings.SIGN_UP_RATE = "2/m"
    body = ADA | {"email": "one@example.com"}
    over_api = client.post("/api/v1/auth/signup", body, content_type="application/json")
    assert over_api.status_code == 201
    assert sign_up(Client(), email="two@example.com").status_code == 302
    third = sign_up(Client(), email="three@example.com")
    assert third.status_code == 429
    assert "Too many sign-ups" in third.content.decode()
    assert User.objects.count() == 2


def test_what_is_not_filled_in_is_not_counted(client: Client) -> None:
    sign_up(client, email="")
    assert not Tally.objects.exists()


def test_whoever_is_logged_in_is_sent_on(client: Client) -> None:
    client.force_login(UserFactory.create())
    assert client.get(PAGE, {"next": "/me/"})["Location"] == "/me/"


def test_a_form_from_elsewhere_makes_nobody() -> None:
    assert Client(enforce_csrf_checks=True).post(PAGE, ADA).status_code == 403
    assert not User.objects.exists()
