"""Template tags for the person who is logged in, statuses and reviews."""

from typing import Any

from django import template
from django.db.models import QuerySet
from django.template import Context
from django.utils.translation import gettext_lazy as _

from guests.models import Review, User
from reservations.status import Status
from venues.models import Venue

register = template.Library()

STATUS_WORDS = {
    Status.UPCOMING: _("Upcoming"),
    Status.PRESENT: _("Guest is here"),
    Status.LEFT: _("Guest has left"),
    Status.NO_SHOW: _("Missed"),
    Status.HELD: _("Held, not confirmed"),
    Status.EXPIRED: _("Lapsed"),
    Status.CANCELLED: _("Cancelled"),
}


@register.filter
def status_word(status: Status) -> Any:
    """Returns the text of a status. `status.word` is the class of its badge."""
    return STATUS_WORDS[status]


@register.simple_tag(takes_context=True)
def is_favourite(context: Context, venue: Venue) -> bool:
    """Says whether the venue is a favourite of the person logged in. One query for
    the whole page.
    """
    request = context["request"]
    if not isinstance(request.user, User):
        return False
    marked: set[int] | None = getattr(request, "favourite_venues", None)
    if marked is None:
        marked = set(request.user.favourites.values_list("venue_id", flat=True))
        request.favourite_venues = marked
    return venue.pk in marked


@register.simple_tag
def latest_reviews(venue: Venue) -> QuerySet[Review]:
    """Returns the five latest reviews of a venue, newest first."""
    return venue.reviews.select_related("user")[:5]
