"""Every answer names its request; what is repeated says so; a partner's rate is kept."""

import re
from uuid import UUID

import pytest
from django.test import Client
from pytest_django import Settings

from tests.api.calling import Api, anonymous, partner, problem, stay
from tests.guests.factories import PartnerFactory
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def test_every_answer_names_its_request_and_a_problem_the_same(guest: Api) -> None:
    named = [
        guest.get("/me"),
        guest.get("/nowhere"),
        anonymous().get("/me"),
        Client().get("/"),
        Client().get("/healthz"),
    ]
    ids = [answer["Request-Id"] for answer in named]
    assert len(set(ids)) == len(ids)
    assert all(UUID(each).version == 4 for each in ids)
    assert problem(named[1], 404, "not_found")["instance"] == f"urn:uuid:{ids[1]}"


def test_the_id_of_a_client_is_not_believed() -> None:
    answer = anonymous().get("/me", Request_Id="mine")
    assert UUID(answer["Request-Id"]).version == 4


def test_a_repeat_says_that_it_is_one(guest: Api, hotel: Venue) -> None:
    first, second = (
        guest.post("/reservations", stay(hotel), Idempotency_Key="k") for _ in range(2)
    )
    assert "Idempotent-Replayed" not in first
    assert second["Idempotent-Replayed"] == "true"
    assert first.content == second.content


@pytest.fixture
def acme(hotel: Venue) -> Api:
    return partner(PartnerFactory.create(slug="acme", venues=[hotel], rate="5/m"))


def test_a_partner_has_the_rate_that_was_agreed(acme: Api, hotel: Venue) -> None:
    left = []
    for _ in range(5):
        answer = acme.get("/reservations")
        assert answer.status_code == 200
        assert answer["RateLimit-Policy"] == '"partner";q=5;w=60'
        left.append(int(re.findall(r"r=(\d+)", answer["RateLimit"])[0]))
    assert left == [4, 3, 2, 1, 0]
    refused = acme.get("/reservations")
    problem(refused, 429, "rate_limited")
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert refused["RateLimit"].startswith('"partner";r=0;t=')
    other = partner(PartnerFactory.create(slug="other", venues=[hotel]))
    assert other.get("/reservations").status_code == 200


def test_without_a_rate_of_its_own_a_partner_has_the_usual_one(
    hotel: Venue, settings: Settings
) -> None:
    settings.PARTNER_RATE = "2/m"
    api = partner(PartnerFactory.create(slug="acme", venues=[hotel]))
    assert [api.get("/reservations").status_code for _ in range(3)] == [200, 200, 429]
    settings.PARTNER_RATE = "0"
    assert api.get("/reservations").status_code == 200
    assert "RateLimit" not in api.get("/reservations")


def test_people_have_no_such_rate(guest: Api, settings: Settings) -> None:
    settings.PARTNER_RATE = "1/m"
    assert [guest.get("/me").status_code for _ in range(3)] == [200, 200, 200]
