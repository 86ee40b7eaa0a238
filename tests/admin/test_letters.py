"""Managers write the words of their venue's letters, look at a sample, and go back to ours."""

from typing import Any

import pytest
from django.test import Client

from notices.letters import kinds, templates
from notices.models import Template
from tests.admin.browsing import browser_of, said, text_of
from tests.factories import make_venue
from tests.guests.factories import StaffFactory
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

WORDS = {"subject": "See you, {{ first_name }}", "text": "Hello {{guest}},\n\nbring {{ code }}."}


@pytest.fixture
def manager(venue: Venue) -> Client:
    person = StaffFactory.create(email="manager@example.com")
    person.staff_venues.set([venue], through_defaults={"role": "manager"})
    return browser_of(person)


def page_of(venue: Venue, kind: str = "confirmed", language: str = "en") -> str:
    return f"/admin/letters/{venue.slug}/{kind}/{language}/"


def post(browser: Client, venue: Venue, do: str = "save", **changes: str) -> Any:
    return browser.post(page_of(venue), WORDS | changes | {"do": do}, follow=True)


def test_words_are_saved_for_one_venue_kind_and_language(manager: Client, venue: Venue) -> None:
    page = text_of(post(manager, venue))
    assert said(page) == ["The words of the letter are saved."]
    row = Template.objects.get()
    assert (row.venue_id, row.kind, row.language) == (venue.pk, kinds.CONFIRMED, "en")
    assert templates.words_of(venue.pk, kinds.CONFIRMED, "en").subject == WORDS["subject"]
    assert not templates.words_of(venue.pk, kinds.CONFIRMED, "nl").is_own
    assert "your own words" in text_of(manager.get(f"/admin/letters/{venue.slug}/"))
    post(manager, venue, subject="Another")
    assert Template.objects.get().subject == "Another"


@pytest.mark.parametrize(
    "bad",
    [
        "{{ r.venue.secret }}",
        "{{ r.venue.delete }}",
        "{{ nobody }}",
        "{{ guest",
        "{{{ guest }}}",
        "{{ guest|safe }}",
        "{{}}",
        "{{ {{ guest }} }}",
        "{{\nguest }}",
    ],
)
@pytest.mark.parametrize("field", ["subject", "text"])
def test_an_unknown_placeholder_is_refused_by_name(
    manager: Client, venue: Venue, field: str, bad: str
) -> None:
    page = text_of(post(manager, venue, **{field: f"a {bad} b"}))
    assert "There is no placeholder" in page
    assert not Template.objects.exists()


def test_the_unknown_one_is_named(manager: Client, venue: Venue) -> None:
    page = text_of(post(manager, venue, text="{{ guest }} {{ secret }} {{ r.id }} {{ secret }}"))
    assert "There is no placeholder {{ secret }}, {{ r.id }}." in page


@pytest.mark.parametrize("field", ["subject", "text"])
def test_nothing_and_too_much_are_refused(manager: Client, venue: Venue, field: str) -> None:
    for bad in (" ", "x" * 4_001):
        assert "There is a problem" in text_of(post(manager, venue, **{field: bad}))
    assert not Template.objects.exists()


@pytest.mark.parametrize("kind", [kinds.slug_of(kind) for kind in kinds.KINDS])
@pytest.mark.parametrize("language", ["en", "nl"])
def test_a_sample_shows_each_letter_before_it_is_saved(
    manager: Client, venue: Venue, kind: str, language: str
) -> None:
    sent = {**WORDS, "do": "preview"}
    page = text_of(manager.post(page_of(venue, kind, language), sent))
    assert "See you, Ada" in page
    assert "bring SAMPLE2345." in page
    assert not Template.objects.exists()


def test_a_sample_as_a_mail_program_shows_it_runs_nothing(manager: Client, venue: Venue) -> None:
    answer = post(manager, venue, "html", text="<script>x</script> {{ guest }}")
    assert "<script" not in answer.content.decode()
    assert "&lt;script&gt;" in answer.content.decode()
    assert "sandbox" in answer["Content-Security-Policy"]


def test_one_goes_back_to_the_shipped_words(manager: Client, venue: Venue) -> None:
    post(manager, venue)
    for _ in range(2):
        page = text_of(post(manager, venue, "reset"))
        assert "as shipped" in page
    assert not Template.objects.exists()


def test_a_clerk_and_managers_elsewhere_change_nothing(
    desk: Client, manager: Client, venue: Venue, elsewhere: Venue
) -> None:
    clerk = StaffFactory.create(email="clerk@example.com")
    clerk.staff_venues.set([venue], through_defaults={"role": "clerk"})
    for do in ("save", "preview", "html", "reset"):
        assert post(browser_of(clerk), venue, do).status_code == 403
        assert post(manager, elsewhere, do).status_code == 404
    assert not Template.objects.exists()


def test_a_letter_is_carried_out_at_the_venue_of_its_address(manager: Client, venue: Venue) -> None:
    other = make_venue("parking")
    person = StaffFactory.create(email="both@example.com")
    person.staff_venues.set([venue, other], through_defaults={"role": "manager"})
    browser = browser_of(person)
    browser.post("/admin/venue/", {"venue": other.pk})
    post(browser, venue)
    assert Template.objects.get().venue == venue


@pytest.mark.parametrize("address", ["nonsense/en", "confirmed/xx", "confirmed/EN"])
def test_there_is_no_such_letter(manager: Client, venue: Venue, address: str) -> None:
    assert manager.get(f"/admin/letters/{venue.slug}/{address}/").status_code == 404
