"""Creates venues with the usual policy and reminders of their kind."""

from typing import Any

from venues import kinds
from venues.models import Policy, Reminder, Venue


def policy_for(kind: str, **changes: Any) -> Policy:
    """The usual policy of a kind, with some values changed. Not saved."""
    return Policy(**{**kinds.named(kind).policy, **changes})


def create_venue(
    *, slug: str, name: str, kind: str, policy: dict[str, Any] | None = None, **fields: Any
) -> Venue:
    """Creates and saves a venue with its policy and its reminders. Raises ValidationError.

    `policy` changes values of the usual policy; `fields` are columns of Venue. The mode is the
    kind's unless given.
    """
    fields.setdefault("mode", kinds.named(kind).mode)
    venue = Venue(slug=slug, name=name, kind=kind, **fields)
    venue.full_clean()
    venue.save()
    rules = policy_for(kind, **(policy or {}))
    rules.venue = venue
    rules.full_clean()
    rules.save()
    add_reminders(venue)
    return venue


def add_reminders(venue: Venue) -> None:
    """Adds the usual reminders of its kind to a new venue."""
    Reminder.objects.bulk_create(
        Reminder(venue=venue, position=number, **fields)
        for number, fields in enumerate(kinds.named(venue.kind).reminders, start=1)
    )
