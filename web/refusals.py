"""Texts of refusals for guests, in their language, with what to do next."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guests.errors import GuestError
from reservations import clock
from reservations.errors import HeldByOther, RateLimited, Refusal, TooFar, TooManyHolds, TooSoon
from venues import local_words
from venues.models import Venue

_WORDS: Mapping[str, str | Promise] = {
    "taken": gettext_lazy("Somebody was quicker: this time has just been taken."),
    "held_by_other": gettext_lazy("Somebody else is holding this time just now."),
    "closed": gettext_lazy("It is closed at that time."),
    "not_offered": gettext_lazy("Nothing is sold that starts and ends at these times."),
    "too_soon": gettext_lazy("That start is too soon for this place."),
    "too_far": gettext_lazy("That is further ahead than this place takes reservations."),
    "too_short": gettext_lazy("That is shorter than this place takes reservations for."),
    "too_long": gettext_lazy("That is longer than this place takes reservations for."),
    "party_too_large": gettext_lazy("No place here seats so many. Try fewer, or book twice."),
    "no_choice": gettext_lazy("This place gives out the first free spot; you cannot choose one."),
    "one_per_day": gettext_lazy(
        "You have a reservation on that day already. Open it with its code to change or cancel it."
    ),
    "too_many_holds": gettext_lazy(
        "You are holding as many places as you may. Confirm or cancel one, then try again."
    ),
    "too_many_reservations": gettext_lazy(
        "You have as many unpaid reservations as you may. Cancel one, then try again."
    ),
    "hold_expired": gettext_lazy(
        "The hold has lapsed and its time may have gone to somebody else. You can try again."
    ),
    "wrong_status": gettext_lazy("That can no longer be done with this reservation."),
    "precondition_failed": gettext_lazy(
        "This reservation was changed in the meantime. Look at it as it is now and try again."
    ),
    "fee_applies": gettext_lazy(
        "Cancelling is no longer free, so this change costs a fee. Look at it once more."
    ),
    "rate_limited": gettext_lazy("This reservation was changed a moment ago."),
    "in_progress": gettext_lazy("Your request is still being worked on. Try again in a moment."),
    "busy": gettext_lazy("Very many are booking this just now. Try again in a moment."),
    "quote_expired": gettext_lazy("The price has changed since you saw it."),
    "payment_required": gettext_lazy("This is confirmed once you have paid, or stored a card."),
    "payment_refused": gettext_lazy(
        "This amount cannot be paid by card here. Nothing was taken. Pay at the place, or ask it."
    ),
    "provider_unavailable": gettext_lazy(
        "The payment page does not answer just now. Nothing was taken. Try again in a moment."
    ),
    "forbidden": gettext_lazy("Only the venue itself can do this."),
}


def told(refusal: Refusal | GuestError, venue: Venue) -> str:
    """Returns one or two sentences. A code without a text here gets the engine's own."""
    words = str(_WORDS.get(refusal.code, "")) or _(refusal.detail)
    facts: Mapping[str, Any] = refusal.facts if isinstance(refusal, Refusal) else {}
    more = ""
    match refusal:
        case TooSoon():
            more = _("The earliest is %(when)s.") % _at(facts.get("earliest_start"), venue)
        case TooFar():
            more = _("The latest is %(when)s.") % _at(facts.get("latest_start"), venue)
        case HeldByOther() | TooManyHolds() if facts.get("may_free_at"):
            more = _("It may come free at %(when)s.") % _at(facts["may_free_at"], venue)
        case RateLimited():
            again_at = clock.now() + refusal.retry_after
            more = _("Try again after %(when)s.") % {
                "when": f"{again_at.astimezone(venue.zone):%H:%M:%S}"
            }
    return f"{words} {more}".strip()


def _at(instant: datetime | None, venue: Venue) -> dict[str, str]:
    if instant is None:
        return {"when": ""}
    return {"when": f"{local_words.when(instant, venue)} ({local_words.whose_time(venue)})"}
