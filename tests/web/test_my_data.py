"""What is held about a person: changed, handed out whole, erased for good."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from guests import callers
from guests.models import Favourite, Review, User
from reservations.models import Reservation
from tests.api.calling import person
from tests.factories import hold, make_venue
from tests.guests.factories import AdministratorFactory, UserFactory
from tests.web.test_data import ADA, EMAIL, prove

pytestmark = pytest.mark.django_db

PAGE = "/me/data/"


@pytest.fixture
def user() -> User:
    return UserFactory.create(first_name="Grace", last_name="Hopper")


@pytest.fixture
def inside(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def test_contact_and_preferences_are_changed_as_over_the_api(inside: Client, user: User) -> None:
    form = {
        "first_name": "Ada",
        "last_name": "Byron",
        "phone": "2025550199",
        "receive_text_notification": "on",
    }
    assert inside.post(PAGE, form).status_code == 302
    user.refresh_from_db()
    assert (user.first_name, user.last_name, user.phone) == ("Ada", "Byron", "+12025550199")
    assert (user.receive_text_notification, user.receive_email_updates) == (True, False)


def test_what_is_refused_changes_nothing_and_the_header_keeps_the_name(
    inside: Client, user: User
) -> None:
    form = {"first_name": "X" * 16, "last_name": "Other", "phone": "1"}
    answer = inside.post(PAGE, form)
    assert set(answer.context["form"].errors) == {"first_name", "phone"}
    assert "Grace Hopper" in answer.content.decode()
    user.refresh_from_db()
    assert user.last_name == "Hopper"


def test_the_download_is_the_document_of_the_api(inside: Client, user: User) -> None:
    venue = make_venue()
    Favourite.objects.create(user=user, venue=venue)
    Review.objects.create(user=user, venue=venue, stars=3, text="Fine.")
    hold(venue, timezone.now() + timedelta(hours=1), by=callers.for_user(user))
    answer = inside.get("/me/data/export/")
    assert answer["Content-Disposition"].startswith("attachment;")
    assert "no-store" in answer["Cache-Control"]
    ours, theirs = answer.json(), person(user).get("/me/export").json()
    # Calling the API is a log-in that the later document knows of.
    for document in (ours, theirs):
        document.pop("log_ins")
    assert ours == theirs


def test_erasing_asks_first_and_then_nothing_is_left(inside: Client, user: User) -> None:
    row = hold(make_venue(), timezone.now() + timedelta(hours=1), by=callers.for_user(user))
    assert inside.get("/me/data/erase/").status_code == 200
    assert "sure" in inside.post("/me/data/erase/", {}).context["form"].errors
    assert User.objects.count() == 1
    answer = inside.post("/me/data/erase/", {"sure": "on"}, follow=True)
    assert not User.objects.exists()
    row.refresh_from_db()
    assert (row.first_name, row.phone, row.guest_id) == ("Erased", "", None)
    assert row.cancelled_at is not None
    assert "You are erased" in answer.content.decode()
    assert "_auth_user_id" not in inside.session


def test_during_a_stay_it_is_refused_with_the_reason(inside: Client, user: User) -> None:
    now = timezone.now()
    venue = make_venue(confirms_at_once=True, records_arrival=False)
    row = hold(venue, now + timedelta(hours=1), by=callers.for_user(user))
    Reservation.objects.filter(pk=row.pk).update(starts_at=now - timedelta(hours=1))
    answer = inside.post("/me/data/erase/", {"sure": "on"})
    assert "stay has not ended" in answer.content.decode()
    assert User.objects.count() == 1


def test_the_only_administrator_stays(client: Client) -> None:
    client.force_login(AdministratorFactory.create())
    answer = client.post("/me/data/erase/", {"sure": "on"})
    assert "only administrator" in answer.content.decode()
    assert User.objects.count() == 1


def test_who_has_proven_an_address_downloads_all_that_is_held(
    client: Client,
) -> None:
    UserFactory.create(email=EMAIL, first_name="Ada")
    row = hold(make_venue(), timezone.now() + timedelta(hours=1), contact=ADA)
    prove(client)
    answer = client.get("/data/held/export/")
    assert answer["Content-Disposition"].startswith("attachment;")
    assert "no-store" in answer["Cache-Control"]
    told = answer.json()
    assert [one["code"] for one in told["reservations"]] == [row.code]
    assert told["reservations"][0]["history"][0]["name"] == "reservation.created"
    assert told["accounts"][0]["profile"]["email"] == EMAIL
