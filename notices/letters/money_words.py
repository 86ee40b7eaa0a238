"""What letters of money say besides their words: how it goes back, what is free, where to pay."""

from datetime import date, datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from guests.callers import ANONYMOUS
from notices import links
from notices.letters.kinds import GIVEN_BACK, NOT_CHARGED, NOT_PAID, PAID, PAYMENT_LINK
from notices.letters.reservation_facts import LetterFacts, LetterRow
from notices.models import Delivery
from reservations.alternatives import find
from reservations.event_types import PAYMENT_CAPTURED
from reservations.models import Event, Reservation
from reservations.pricing import owed
from reservations.requests import Booking, Contact
from reservations.rules import modes
from venues.hours import Window
from venues.local_words import clock, day, ends, money

_CARD = "card"


def is_true(delivery: Delivery, row: Reservation, now: datetime) -> bool:
    """Says whether a letter of money is still worth sending.

    A link to pay and a payment that failed are of no use once it was paid, or nothing is due. Who
    has paid since needs not be told that a payment was not taken.
    """
    if delivery.kind in (PAID, GIVEN_BACK):
        return True
    later = Event.objects.filter(reservation=row, pk__gt=delivery.event_id or 0)
    if later.filter(name=PAYMENT_CAPTURED.name).exists():
        return False
    return delivery.kind == NOT_CHARGED or owed.due(row, now) > 0


def actions(kind: str, facts: LetterFacts) -> list[LetterRow]:
    """Returns the links of a letter of money, the most useful first; [] for other letters."""
    page = LetterRow(_("See the reservation"), facts.page)
    if kind in (PAYMENT_LINK, NOT_PAID):
        pay = links.absolute(reverse("web:pay", args=[facts.row.code]))
        return [LetterRow(_("Pay now"), pay), page]
    if kind == NOT_CHARGED:
        venue = links.absolute(reverse("web:venue", args=[facts.row.venue.slug]))
        return [*_alternatives(facts), LetterRow(_("Find another time"), venue), page]
    if kind == PAID:
        return [LetterRow(_("See reservation and receipt"), facts.page)]
    return [page] if kind == GIVEN_BACK else []


def notes(kind: str, facts: LetterFacts, event: Event | None) -> list[str]:
    """Returns sentences that follow the words of a letter of money."""
    data = event.data if event is not None else {}
    if kind == GIVEN_BACK and data.get("method", _CARD) == _CARD:
        return [_("It goes to the card you paid with. Banks take some days to show it.")]
    if kind == NOT_CHARGED:
        return [_("The links below lead to what is free instead.")]
    if kind == PAYMENT_LINK and data.get("is_authentication"):
        return [_("Your bank asks you to confirm this payment yourself.")]
    return []


def coming_back(facts: LetterFacts) -> list[str]:
    """Says what a cancelling gives back, where something was paid above the fee."""
    row = facts.row
    back = max(0, row.paid_minor - row.fee_due_minor)
    if not back:
        return []
    return [_("You get %(amount)s back.") % {"amount": money(back, row.currency)}]


def _alternatives(facts: LetterFacts) -> list[LetterRow]:
    """Returns up to three ranges that are free now, each with the address of its form."""
    row = facts.row
    wish = Booking(
        venue=row.venue.slug,
        times=modes.times_of(row.venue, Window(row.starts_at, row.ends_at)),
        contact=Contact(first_name="", last_name="", phone=""),
        guest_count=row.guest_count,
        category=row.category.code,
    )
    found = find.for_booking(wish, by=ANONYMOUS, now=facts.now)
    told = []
    for one in found:
        span = f"{clock(one.window.start, facts.zone)} – {ends(one.window, facts.zone)}"
        label = f"{day(one.window.start, facts.zone)}, {span} · {one.category.name}"
        given = modes.fields(row.venue, one.window)
        query = {name: _written(when) for name, when in given.items()}
        query |= {"category": one.category.code, "guests": str(row.guest_count)}
        path = f"{reverse('web:book', args=[row.venue.slug])}?{urlencode(query)}"
        told.append(LetterRow(label, links.absolute(path)))
    return told


def _written(when: date | datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}" if isinstance(when, datetime) else when.isoformat()
