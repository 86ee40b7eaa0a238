"""A manager sets a venue's reminders: up to three, each within sixty days."""

import pytest
from django.forms import inlineformset_factory
from django.test import Client

from desk.lists.reminders import ReminderForm
from tests.admin.browsing import text_of
from tests.factories import make_venue
from venues.models import Reminder, Venue

pytestmark = pytest.mark.django_db


def save(venue: Venue, *rows: dict[str, str]) -> bool:
    """Sends the rows as the page of the venue does. Returns whether they were taken."""
    formset = inlineformset_factory(
        Venue, Reminder, form=ReminderForm, max_num=3, validate_max=True
    )
    usual = {"counts_from": "start", "channel": "mail"}
    data = {"reminders-TOTAL_FORMS": str(len(rows)), "reminders-INITIAL_FORMS": "0"}
    for number, row in enumerate(rows):
        data |= {f"reminders-{number}-{name}": value for name, value in (usual | row).items()}
    sent = formset(data, instance=venue)
    if sent.is_valid():
        sent.save()
        return True
    return False


def test_up_to_three_are_taken() -> None:
    venue = make_venue("restaurant")
    day = {"days_before": "1", "at_time": "18:00"}
    assert save(venue, day, {"before": "3 hours"}, {"before": "15 minutes", "channel": "sms"})
    assert [row.position for row in venue.reminders.all()] == [1, 2, 3]
    assert not save(make_venue("restaurant"), *[{"before": f"{n} hours"} for n in range(1, 5)])


@pytest.mark.parametrize(
    "wrong",
    [
        {"before": "61 days"},
        {"days_before": "61", "at_time": "18:00"},
        {"days_before": "1"},
        {"before": "3 hours", "days_before": "1", "at_time": "18:00"},
        {"before": "soon"},
    ],
)
def test_a_lead_that_cannot_be_is_refused(wrong: dict[str, str]) -> None:
    assert not save(make_venue("restaurant"), wrong)
    assert not Reminder.objects.exists()


def test_the_page_of_a_venue_shows_them(boss: Client) -> None:
    venue = make_venue("restaurant")
    assert save(venue, {"before": "3 hours"})
    assert "reminders-0-before" in text_of(boss.get(f"/admin/venues/venue/{venue.pk}/change/"))
