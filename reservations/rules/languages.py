"""The language of letters: the guest's own, else that of the venue, else that of the product.

Letters about a reservation have that of the reservation. All others to somebody with an account
ask `of_user`.
"""

from collections.abc import Iterable

from django.conf import settings
from django.db.models import F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils.translation import get_supported_language_variant

from guests.models import User
from reservations.models import Reservation
from venues.models import Venue


def first_of(tags: Iterable[str]) -> str:
    """Returns the first of these tags that the product speaks, as a code of LANGUAGES, else "".

    `nl-BE` is `nl`.
    """
    for tag in tags:
        try:
            return get_supported_language_variant(tag)
        except LookupError:
            continue
    return ""


def of_venue(venue: Venue) -> str:
    """Returns the language of letters to a venue."""
    return venue.language or settings.LANGUAGE_CODE


def of_reservation(language: str | None, venue: Venue) -> str:
    """Returns the language of letters to a guest. `language` is that of the reservation."""
    return language or of_venue(venue)


def named(users: QuerySet[User]) -> QuerySet[User]:
    """Adds `reserved_language` to each person: that of the reservation they made last, or None.

    A reservation without one has that of its venue.
    """
    rows = Reservation.objects.filter(guest=OuterRef("pk")).order_by("-pk")
    own, venues = NullIf("language", Value("")), NullIf(F("venue__language"), Value(""))
    newest = rows.annotate(of_letters=Coalesce(own, venues)).values("of_letters")[:1]
    return users.annotate(reserved_language=Subquery(newest))


def of_user(user: User, *, asked: str = "") -> str:
    """Returns the language of a letter to somebody with an account.

    It is the one they chose for all letters, else `asked`, that of the page on which they asked for
    this one, else that of their newest reservation, else the product's. Runs no query where `named`
    has added it, or where they chose one.
    """
    return user.language or asked or _reserved(user) or settings.LANGUAGE_CODE


def _reserved(user: User) -> str:
    if not hasattr(user, "reserved_language"):
        found = named(User.objects.filter(pk=user.pk)).first()
        return str(getattr(found, "reserved_language", None) or "")
    return str(user.reserved_language or "")
