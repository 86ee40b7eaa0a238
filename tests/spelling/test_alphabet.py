"""Names sort by a reader's alphabet on every list, on both databases."""

import pytest
from django.test import Client

from guests.models import User
from spelling.alphabet import Alphabetical
from tests.factories import make_venue
from tests.guests.factories import AdministratorFactory, UserFactory
from tests.web.browsing import text
from venues.models import Resource, Venue

pytestmark = pytest.mark.django_db

NAMES = ["aan Zee", "\u00e9cole", "Eden", "E\u0301den Zuid", "Ember", "\u00d6dland", "Zon"]
SHUFFLED = [NAMES[number] for number in (6, 1, 4, 0, 5, 3, 2)]


@pytest.fixture
def venues() -> None:
    for name in SHUFFLED:
        Venue.objects.filter(pk=make_venue("restaurant").pk).update(name=name)


def shown(page: str) -> list[str]:
    return sorted(NAMES, key=lambda name: page.index(f">{name}<"))


@pytest.mark.usefixtures("venues")
def test_venues_are_in_order_by_themselves_and_in_the_admin(client: Client) -> None:
    assert [venue.name for venue in Venue.objects.all()] == NAMES
    client.force_login(AdministratorFactory.create(), backend="config.page_log_in.HeldBack")
    page = client.get("/admin/venues/venue/")
    assert shown(text(page)) == NAMES
    number = page.context["cl"].list_display.index("name")
    descending = text(client.get(f"/admin/venues/venue/?o=-{number}"))
    assert shown(descending) == NAMES[::-1]


def test_people_sort_by_their_names_in_the_admin(client: Client) -> None:
    for number, name in enumerate(SHUFFLED):
        UserFactory.create(email=f"{number}@example.com", first_name=name)
    client.force_login(AdministratorFactory.create(), backend="config.page_log_in.HeldBack")
    columns = client.get("/admin/guests/user/").context["cl"].list_display
    page = text(client.get(f"/admin/guests/user/?o={columns.index('first_name')}"))
    assert shown(page) == NAMES


def test_case_and_accents_do_not_part_letters() -> None:
    category = make_venue(units=0).categories.get()
    Resource.objects.bulk_create(
        Resource(venue=category.venue, category=category, name=name) for name in SHUFFLED
    )
    assert [one.name for one in Resource.objects.order_by(Alphabetical("name"))] == NAMES
    assert [one.name for one in Resource.objects.order_by(Alphabetical("name").desc())] == NAMES[
        ::-1
    ]
    assert not User.objects.order_by(Alphabetical("last_name")).exists()
