"""Forms of the admin refuse a text that is too long, and keep it."""

import pytest
from django.test import Client

from tests.guests.factories import AdministratorFactory, UserFactory
from tests.web.browsing import form_of, text

pytestmark = pytest.mark.django_db

LONG = "Featherstonehaugh"


def test_a_name_that_is_too_long_is_refused_at_its_field_and_stays(client: Client) -> None:
    person = UserFactory.create(first_name="Ada")
    client.force_login(AdministratorFactory.create())
    page = f"/admin/guests/user/{person.pk}/change/"
    form = form_of(client.get(page), "first_name")
    assert "At most 15 characters." in text(client.get(page))
    answer = client.post(page, form | {"first_name": LONG})
    assert answer.status_code == 200
    assert form_of(answer, "first_name")["first_name"] == LONG
    assert "at most 15 characters" in text(answer)
    person.refresh_from_db()
    assert person.first_name == "Ada"


def test_a_name_is_counted_as_it_is_stored(client: Client) -> None:
    """As a Mac writes it: each accent is a letter of its own."""
    person = UserFactory.create(first_name="Ada")
    client.force_login(AdministratorFactory.create())
    page = f"/admin/guests/user/{person.pk}/change/"
    form = form_of(client.get(page), "first_name")
    answer = client.post(page, form | {"role": "guest", "first_name": "E\u0301" * 15})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    person.refresh_from_db()
    assert person.first_name == "\u00c9" * 15
