"""Writing a review on the pages: what the engine's rule allows, shown where venues are read."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from guests import callers
from guests.models import Review, User
from reservations.models import Reservation
from tests.factories import hold, make_venue
from tests.guests.factories import UserFactory
from venues.models import Venue

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def user() -> User:
    return UserFactory.create(first_name="Grace")


@pytest.fixture
def inside(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.fixture
def venue() -> Venue:
    return make_venue(confirms_at_once=True, records_arrival=False, records_departure=False)


def stayed(user: User, venue: Venue) -> None:
    """A stay that ended an hour ago."""
    row = hold(venue, timezone.now() + HOUR, by=callers.for_user(user))
    Reservation.objects.filter(pk=row.pk).update(
        starts_at=timezone.now() - 3 * HOUR, ends_at=timezone.now() - HOUR
    )


def write(client: Client, venue: Venue, **form: Any) -> Any:
    return client.post(f"/venues/{venue.slug}/review/", {"stars": "4", "text": "Kind."} | form)


def test_after_a_stay_a_review_is_written_changed_and_deleted(
    inside: Client, user: User, venue: Venue
) -> None:
    stayed(user, venue)
    assert write(inside, venue).status_code == 302
    assert write(inside, venue, stars="2", text="").status_code == 302
    assert list(Review.objects.values_list("user", "stars", "text")) == [(user.pk, 2, "")]
    form = inside.get(f"/venues/{venue.slug}/review/").context["form"]
    assert form["stars"].value() == 2
    assert inside.get(f"/venues/{venue.slug}/review/delete/").status_code == 405
    inside.post(f"/venues/{venue.slug}/review/delete/")
    assert not Review.objects.exists()


def test_the_rating_of_a_venue_is_made_of_it(inside: Client, user: User, venue: Venue) -> None:
    stayed(user, venue)
    Review.objects.create(user=UserFactory.create(), venue=venue, stars=5)
    write(inside, venue)
    told = inside.get(f"/api/v1/venues/{venue.slug}").json()
    assert (told["rating"], told["reviews"]) == (4.5, 2)


def test_without_a_stay_the_page_says_so_and_nothing_is_written(
    inside: Client, venue: Venue
) -> None:
    assert "<textarea" not in inside.get(f"/venues/{venue.slug}/review/").content.decode()
    answer = write(inside, venue)
    assert "after a stay there has ended" in answer.content.decode()
    assert not Review.objects.exists()


def test_faults_are_told_at_their_fields(inside: Client, user: User, venue: Venue) -> None:
    stayed(user, venue)
    for form, field in (
        ({"stars": ""}, "stars"),
        ({"stars": "9"}, "stars"),
        ({"text": "x" * 1001}, "text"),
    ):
        answer = write(inside, venue, **form)
        assert set(answer.context["form"].errors) == {field}
        assert f'href="#id_{field}' in answer.content.decode()
    assert not Review.objects.exists()


def test_words_of_a_guest_are_words_and_no_markup(inside: Client, user: User, venue: Venue) -> None:
    stayed(user, venue)
    write(inside, venue, text="<script>alert(1)</script>")
    page = inside.get(f"/venues/{venue.slug}/review/").content.decode()
    assert "<script>alert" not in page and "&lt;script&gt;" in page


def test_strangers_are_asked_to_log_in(client: Client, venue: Venue) -> None:
    assert write(client, venue)["Location"].startswith("/accounts/login/?next=")
