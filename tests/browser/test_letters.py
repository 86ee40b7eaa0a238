"""The HTML part of each letter, as a mail program shows it, breaks no rule of accessibility."""

from typing import Literal

import pytest
from django.utils.translation import override
from playwright.sync_api import Browser

from notices.letters import calendar_entry, composition, kinds, samples, templates, withdrawals
from notices.scheduled import erasure_notices
from reservations import clock
from reservations.event_types import MODIFIED
from reservations.models import Event
from tests.browser.accessibility import assert_accessible
from tests.factories import make_venue
from venues.models import Venue

pytestmark = [pytest.mark.browser, pytest.mark.django_db]

CHANGE = Event(
    name=MODIFIED.name,
    data={"changed": {"guest_count": {"from": 2, "to": 3}, "price_minor": {"from": 1, "to": 2}}},
)


def letters_of(venue: Venue, language: str) -> list[str]:
    found = []
    for kind in kinds.KINDS:
        words = templates.shipped_words(kind, language)
        letter = samples.letter(
            venue, kind, language, subject=words.subject, text=words.text, now=clock.now()
        )
        found.append(letter.html)
    with override(language):
        facts = samples.facts(venue, kinds.CHANGED, clock.now())
        words = templates.shipped_words(kinds.CHANGED, language)
        changed = composition.to_guest(kinds.CHANGED, facts, words, [CHANGE], to="ada@example.com")
        found += [changed.html, composition.to_venue(kinds.CHANGED, facts, [CHANGE]).html]
        known = calendar_entry.known_now(facts.row)
        found.append(withdrawals.letter(facts.row, known, to="ada@example.com").html)
        found.append(erasure_notices.letter([facts.row, facts.row], clock.now()).html)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "nl"])
def test_each_letter_is_accessible(
    chromium: Browser, scheme: Literal["light", "dark"], language: str
) -> None:
    made = make_venue("hotel", cancel_fee_percent=50)
    Venue.objects.filter(pk=made.pk).update(
        name="Harbour Hotel", address="A quay with a rather long name 1", city="Amsterdam"
    )
    venue = Venue.objects.select_related("policy").get(pk=made.pk)
    for width in (320, 800):
        context = chromium.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 800}
        )
        page = context.new_page()
        for html in letters_of(venue, language):
            page.set_content(html)
            assert_accessible(page)
            assert page.locator("html").get_attribute("lang") == language
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{wide} px wider than a screen of {width}"
        context.close()
