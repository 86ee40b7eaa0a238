"""Who has stayed may review, once a venue; what they say is what the rating is made of."""

from datetime import timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from guests import callers
from guests.models import Review, User
from reservations import reviews
from reservations.errors import Invalid, NoStay
from reservations.models import Reservation
from tests.factories import NOON, hold, make_venue
from tests.guests.factories import UserFactory
from tests.reservations.facts import HOUR, SECOND
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

END = NOON + 2 * HOUR


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.fixture
def venue() -> Venue:
    return make_venue(
        units=3, confirms_at_once=True, records_arrival=False, records_departure=False
    )


def book(user: User, venue: Venue, **wish: Any) -> Reservation:
    return hold(venue, by=callers.for_user(user), **wish)


def test_a_stay_may_be_reviewed_from_the_instant_it_has_ended(
    frozen: FrozenDateTimeFactory, user: User, venue: Venue
) -> None:
    book(user, venue)
    for early in (NOON - HOUR, NOON, END - SECOND):
        frozen.move_to(early)
        with pytest.raises(NoStay):
            reviews.review(user=user, venue_id=venue.pk, stars=5, text="")
    frozen.move_to(END)
    reviews.review(user=user, venue_id=venue.pk, stars=5, text=" Kind.\r\nQuiet. ")
    row = Review.objects.get()
    assert (row.user, row.venue, row.stars, row.text) == (user, venue, 5, "Kind.\nQuiet.")


def test_nobody_reviews_by_somebody_elses_stay_or_one_elsewhere(
    frozen: FrozenDateTimeFactory, user: User, venue: Venue
) -> None:
    book(UserFactory.create(), venue)
    book(user, make_venue(confirms_at_once=True, records_arrival=False, records_departure=False))
    frozen.move_to(END)
    with pytest.raises(NoStay):
        reviews.review(user=user, venue_id=venue.pk, stars=1, text="")


def test_what_was_cancelled_is_no_stay(
    frozen: FrozenDateTimeFactory, user: User, venue: Venue
) -> None:
    row = book(user, venue)
    Reservation.objects.filter(pk=row.pk).update(cancelled_at=NOON - timedelta(hours=1))
    frozen.move_to(END)
    assert reviews.reviewable(user, among=[venue.pk], at=END) == set()
    with pytest.raises(NoStay):
        reviews.review(user=user, venue_id=venue.pk, stars=1, text="")


def test_a_second_review_takes_the_place_of_the_first(
    frozen: FrozenDateTimeFactory, user: User, venue: Venue
) -> None:
    book(user, venue)
    frozen.move_to(END)
    for stars in (1, 4):
        reviews.review(user=user, venue_id=venue.pk, stars=stars, text=f"{stars}")
    assert list(Review.objects.values_list("stars", "text")) == [(4, "4")]
    reviews.withdraw(user=user, venue_id=venue.pk)
    reviews.withdraw(user=user, venue_id=venue.pk)
    assert not Review.objects.exists()


@pytest.mark.parametrize(
    ("stars", "text", "field"),
    [(0, "", "stars"), (6, "", "stars"), (3, "x" * 1001, "text"), (3, "a\x00b", "text")],
)
def test_what_cannot_be_kept_is_refused(
    frozen: FrozenDateTimeFactory, user: User, venue: Venue, stars: int, text: str, field: str
) -> None:
    book(user, venue)
    frozen.move_to(END)
    with pytest.raises(Invalid) as refused:
        reviews.review(user=user, venue_id=venue.pk, stars=stars, text=text)
    assert refused.value.field == field
    assert not Review.objects.exists()
