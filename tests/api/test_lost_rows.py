"""Writes to rows that were deleted after they were read: 401 or 404, and never 500."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db.models.signals import pre_save
from django.test import Client

from guests.models import Favourite, Review, User
from tests.api.calling import Api, person, problem
from tests.guests.factories import UserFactory
from tests.web.browsing import form_of
from venues.models import Venue

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def erased_meanwhile(user: User, sender: type) -> Iterator[None]:
    """The account goes right before the next row of `sender` is written."""

    def erase(**_: Any) -> None:
        User.objects.filter(pk=user.pk).delete()

    pre_save.connect(erase, sender=sender)
    try:
        yield
    finally:
        pre_save.disconnect(erase, sender=sender)


@pytest.mark.parametrize(
    ("sender", "call"),
    [
        (User, lambda api, venue: api.patch("/me", {"first_name": "Bo"})),
        (User, lambda api, venue: api.patch("/me", {"phone": "+12025550199"})),
    ],
)
def test_a_person_who_is_erased_meanwhile_is_401(
    hotel: Venue, sender: type, call: Callable[[Api, Venue], Any]
) -> None:
    user = UserFactory.create()
    with erased_meanwhile(user, sender):
        problem(call(person(user), hotel), 401, "invalid_token")
    assert not Favourite.objects.exists() and not Review.objects.exists()


def test_a_page_of_a_person_who_is_erased_meanwhile_is_no_fault() -> None:
    user = UserFactory.create()
    browser = Client(raise_request_exception=False)
    browser.force_login(user, backend="config.page_log_in.HeldBack")
    form = form_of(browser.get("/me/data/"), "first_name")
    with erased_meanwhile(user, User):
        assert browser.post("/me/data/", form | {"first_name": "Bo"}).status_code == 404
