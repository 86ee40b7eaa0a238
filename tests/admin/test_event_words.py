"""What happened to a reservation is told in the clerk's language, down to the names of facts."""

from datetime import timedelta
from typing import get_type_hints

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from desk import event_words
from reservations import actions
from reservations.event_types import EVENT_TYPES
from reservations.requests import Change, Times
from reservations.rules import differences
from reservations.rules.guest_fields import LABELS
from tests.admin.browsing import text_of
from tests.factories import DESK, NOON, hold, make_venue
from tests.guests.factories import StaffFactory

pytestmark = pytest.mark.django_db


def keys() -> set[str]:
    """The keys of the data of events about reservations, and the fields that they name."""
    shapes = [one.shape for one in EVENT_TYPES if not one.name.startswith(("lot.", "venue."))]
    data = {key for shape in shapes for key in get_type_hints(shape)}
    row = hold(make_venue())
    return {key.removesuffix("_minor") for key in data | set(differences.of(row))}


def test_every_fact_of_an_event_has_a_word() -> None:
    assert keys() - set(event_words.FIELDS) - set(LABELS) == set()


def test_every_event_has_a_word() -> None:
    words = {one.name.rpartition(".")[2] for one in EVENT_TYPES}
    assert words - set(event_words.EVENT_LABELS) == set()


def test_every_word_is_dutch_at_the_dutch_desk() -> None:
    with override("en"):
        english = {name: str(label) for name, label in event_words.FIELDS.items()}
    with override("nl"):
        dutch = {name: str(label) for name, label in event_words.FIELDS.items()}
    same = {name for name, label in dutch.items() if label == english[name]}
    assert same <= {"metadata"}


def test_the_page_of_a_reservation_in_dutch() -> None:
    venue = make_venue("restaurant", units=2, confirms_at_once=True, horizon=None)
    row = hold(venue)
    later = Times(starts_at=NOON + timedelta(hours=1), ends_at=NOON + timedelta(hours=3))
    change = Change(times=later, guest_count=2, override_reason="regular")
    actions.modify(reservation_id=row.pk, change=change, by=DESK)
    browser = Client(headers={"accept-language": "nl"})
    browser.force_login(StaffFactory.create(staff_venues=[venue]))
    page = text_of(browser.get(reverse("admin:reservations_reservation_change", args=[row.pk])))
    for word in (
        "aantal gasten 1 → 2",
        "begin ma 1",
        "reden om af te wijken: regular",
        "(systeem)",
    ):
        assert word in page
    for word in ("guest count", "starts at", "override reason", "(system)"):
        assert word not in page
