"""A reservation knows in which language its guest is written to."""

import pytest
from django.test import Client
from pytest_django import Settings

from reservations.rules import languages
from tests.factories import hold, make_venue
from tests.web.browsing import book
from venues.models import Venue

pytestmark = pytest.mark.django_db

WISH = "check_in=2027-03-03&check_out=2027-03-05&category=standard"


@pytest.mark.parametrize(
    ("tags", "expected"),
    [(["nl-BE"], "nl"), (["xx", "nl"], "nl"), (["xx"], ""), ([], ""), (["en-GB"], "en")],
)
def test_tags_are_read_as_languages_of_the_product(tags: list[str], expected: str) -> None:
    assert languages.first_of(tags) == expected


def test_a_page_gives_its_own_language() -> None:
    venue = make_venue("hotel")
    row = book(Client(headers={"accept-language": "nl"}), venue, WISH)
    assert row.language == "nl"
    assert (
        book(Client(headers={"accept-language": "en"}), make_venue("hotel"), WISH).language == "en"
    )


def test_the_venue_speaks_where_nobody_said(settings: Settings) -> None:
    venue = make_venue("parking")
    assert hold(venue).language == "en"
    settings.LANGUAGE_CODE = "nl"
    assert hold(make_venue("parking")).language == "nl"
    settings.LANGUAGE_CODE = "en"
    Venue.objects.filter(pk=venue.pk).update(language="nl")
    assert languages.of_reservation(None, Venue.objects.get(pk=venue.pk)) == "nl"
