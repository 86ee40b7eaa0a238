"""Template tags for the person who is logged in, statuses and reviews."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import template
from django.db.models import QuerySet
from django.template import Context
from django.utils.translation import gettext_lazy as _

from guests.models import Review, User
from payments.documents import invoices, lookup, pdf
from payments.documents import page as printed
from payments.models import Document
from reservations import clock
from reservations.models import Reservation
from reservations.pricing import owed
from reservations.status import Status
from venues.models import Venue
from web import visitors

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


@register.filter
def due(row: Reservation) -> int:
    """Returns what is owed for a reservation and not paid, in minor units."""
    return owed.due(row, clock.now())


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


@register.inclusion_tag("web/parts/documents.html", takes_context=True)
def documents(context: Context, reservation: Reservation) -> dict[str, Any]:
    """Lists the documents of the visitor's reservation, with a button to ask for the invoice."""
    by = visitors.visitor(context["request"])
    found = lookup.seen_by(by, reservation)
    is_open = any(lookup.is_open_invoice(document) for document in found)
    return {
        "reservation": reservation,
        "documents": _titled(found),
        "has_pdf": pdf.is_installed(),
        "may_ask_invoice": not is_open and invoices.may_ask(reservation, by),
    }


@register.simple_tag(takes_context=True)
def documents_of(context: Context, reservation: Reservation) -> list[dict[str, str]]:
    """Returns those of the page's `documents`, by id of reservation, that are of this one."""
    found: Mapping[int, Sequence[Document]] = context.get("documents") or {}
    return _titled(found.get(reservation.pk, ()))


def _titled(documents: Iterable[Document]) -> list[dict[str, str]]:
    return [{"number": document.number, "title": printed.title(document)} for document in documents]


@register.simple_tag
def latest_reviews(venue: Venue) -> QuerySet[Review]:
    """Returns the five latest reviews of a venue, newest first."""
    return venue.reviews.select_related("user")[:5]
