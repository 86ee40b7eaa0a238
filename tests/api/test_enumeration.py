"""What cannot be found out by asking: who is registered, which codes and numbers go together."""

from typing import Any

import pytest

from guests import tokens
from guests.models import User
from reservations.models import Reservation
from tests.api.calling import Api, anonymous, partner, person, stay
from tests.guests.factories import PASSWORD, PartnerFactory, UserFactory
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

PHONE = "+31201234567"
OTHER_PHONE = "+31207654321"


def looks(answer: Any) -> tuple[Any, ...]:
    """All of an answer that neither repeats what was asked nor names or counts the request."""
    own = answer["Request-Id"]
    kept = {
        name: value
        for name, value in answer.items()
        if name not in ("Content-Length", "Request-Id", "RateLimit")
    }
    told = answer.content.decode().replace(own, "")
    return answer.status_code, told, str(sorted(kept.items()))


@pytest.fixture
def theirs(hotel: Venue) -> dict[str, Any]:
    """Somebody's reservation, with its code and phone."""
    made: dict[str, Any] = person(UserFactory.create()).post("/reservations", stay(hotel)).json()
    return made


def test_a_wrong_code_a_wrong_phone_and_somebody_elses_look_alike(
    stranger: Api, hotel: Venue, theirs: dict[str, Any]
) -> None:
    elsewhere = partner(PartnerFactory.create(slug="acme", venues=[hotel]))
    for caller in (stranger, elsewhere):
        answers = {
            looks(caller.get("/reservations", asked))
            for asked in (
                {"code": theirs["code"], "phone": PHONE},
                {"code": theirs["code"], "phone": OTHER_PHONE},
                {"code": "AAAAAAAA", "phone": PHONE},
                {"code": "AAAAAAAA", "phone": OTHER_PHONE},
                {"code": theirs["code"]},
                {"phone": PHONE},
            )
        }
        assert len(answers) == 1, answers


def test_the_owner_finds_it_by_both_and_by_neither_alone_that_is_wrong(
    hotel: Venue, theirs: dict[str, Any]
) -> None:
    owner = person(User.objects.get(pk=Reservation.objects.values_list("guest", flat=True).get()))
    assert len(owner.get("/reservations", {"code": theirs["code"], "phone": PHONE}).json()["items"])
    wrong = [
        looks(owner.get("/reservations", asked))
        for asked in (
            {"code": theirs["code"], "phone": OTHER_PHONE},
            {"code": "AAAAAAAA", "phone": PHONE},
        )
    ]
    assert wrong[0] == wrong[1]


def test_without_credentials_neither_is_looked_for(theirs: dict[str, Any]) -> None:
    for asked in ({"code": theirs["code"], "phone": PHONE}, {"code": "AAAAAAAA"}):
        assert anonymous().get("/reservations", asked).status_code == 401


def test_unknown_known_and_closed_addresses_look_alike_in_every_header() -> None:
    UserFactory.create(email="ada@example.com")
    UserFactory.create(email="gone@example.com", is_active=False)
    answers = {
        looks(anonymous().post("/auth/login", {"email": email, "password": password}))
        for email, password in (
            ("ada@example.com", "wrong"),
            ("gone@example.com", PASSWORD),
            ("nobody@example.com", "wrong"),
        )
    }
    assert len(answers) == 1, answers


def test_a_token_of_somebody_erased_looks_like_a_forged_one() -> None:
    user = UserFactory.create()
    pair = tokens.issue(user)
    user.delete()
    answers = {
        looks(Api(lambda token=token: {"Authorization": f"Bearer {token}"}).get("/me"))  # type: ignore[misc]
        for token in (pair.access, "x.y.z")
    }
    assert len(answers) == 1
