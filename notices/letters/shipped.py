"""The subject and the first words of each kind of letter, as they are shipped, in each language.

They are written as venues write their own: with placeholders. Facts, changes and links follow in
each letter by themselves.
"""

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from notices.letters.kinds import (
    CANCELLED,
    CHANGED,
    CONFIRMED,
    EXPIRED,
    GIVEN_BACK,
    HELD,
    NOT_CHARGED,
    NOT_PAID,
    PAID,
    PAYMENT_LINK,
    REINSTATED,
    UNIT_FIXED,
)


class Words(NamedTuple):
    """The name of a kind for those who write letters, and its subject and text."""

    name: str | Promise
    subject: str | Promise
    text: str | Promise


SHIPPED: Mapping[str, Words] = {
    HELD: Words(
        _("Time is held"),
        _("Please confirm: {{ venue }}, {{ starts }}"),
        _(
            "Hello {{ first_name }},\n\n"
            "we hold this for you until {{ hold_until }}. Confirm it until then to make it yours."
        ),
    ),
    EXPIRED: Words(
        _("A hold has lapsed"),
        _("No longer held: {{ venue }}, {{ starts }}"),
        _(
            "Hello {{ first_name }},\n\n"
            "your reservation was not confirmed in time, so it is free for others again. "
            "Nothing is charged."
        ),
    ),
    CONFIRMED: Words(
        _("A reservation is confirmed"),
        _("Confirmed: {{ venue }}, {{ starts }}"),
        _("Hello {{ first_name }},\n\nyour reservation is confirmed. {{ venue }} expects you."),
    ),
    CHANGED: Words(
        _("A reservation has changed"),
        _("Changed: {{ venue }}, {{ starts }}"),
        _("Hello {{ first_name }},\n\nyour reservation has changed. This is how it is now."),
    ),
    UNIT_FIXED: Words(
        _("The unit is fixed"),
        _("Your place: {{ unit }}, {{ venue }}"),
        _("Hello {{ first_name }},\n\nwe have chosen a place for you: {{ unit }}."),
    ),
    REINSTATED: Words(
        _("A reservation stands again"),
        _("It stands again: {{ venue }}, {{ starts }}"),
        _(
            "Hello {{ first_name }},\n\n"
            "your reservation was cancelled, and stands again. {{ venue }} expects you."
        ),
    ),
    CANCELLED: Words(
        _("A reservation is cancelled"),
        _("Cancelled: {{ venue }}, {{ starts }}"),
        _("Hello {{ first_name }},\n\nyour reservation is cancelled."),
    ),
    PAYMENT_LINK: Words(
        _("A link to pay"),
        _("Please pay {{ amount }}: {{ venue }}, {{ starts }}"),
        _(
            "Hello {{ first_name }},\n\n"
            "{{ venue }} asks you to pay {{ amount }} by card. The link below leads to the page "
            "where you pay."
        ),
    ),
    PAID: Words(
        _("A payment has arrived"),
        _("Paid: {{ amount }}, {{ venue }}, {{ starts }}"),
        _(
            "Hello {{ first_name }},\n\n"
            "thank you: we have received your payment of {{ amount }}. The receipt is on the page "
            "of your reservation."
        ),
    ),
    NOT_PAID: Words(
        _("A payment has failed"),
        _("Your payment did not go through: {{ venue }}, {{ starts }}"),
        _(
            "Hello {{ first_name }},\n\n"
            "your payment of {{ amount }} did not go through. Nothing was charged. You can pay "
            "again, also with another card."
        ),
    ),
    NOT_CHARGED: Words(
        _("A payment was not taken"),
        _("You were not charged: {{ venue }}, {{ starts }}"),
        _(
            "Hello {{ first_name }},\n\n"
            "your payment of {{ amount }} came too late: the time was not held for you any more. "
            "You were not charged."
        ),
    ),
    GIVEN_BACK: Words(
        _("Money was given back"),
        _("{{ amount }} goes back to you: {{ venue }}, {{ starts }}"),
        _("Hello {{ first_name }},\n\nwe have given you {{ amount }} back."),
    ),
}
"""The words of each kind."""

TO_VENUE: Mapping[str, str | Promise] = {
    HELD: _("Held: {{ guest }}, {{ starts }}"),
    EXPIRED: _("Lapsed: {{ guest }}, {{ starts }}"),
    CONFIRMED: _("New: {{ guest }}, {{ starts }}"),
    CHANGED: _("Changed: {{ guest }}, {{ starts }}"),
    UNIT_FIXED: _("Unit fixed: {{ guest }}, {{ starts }}"),
    REINSTATED: _("Reinstated: {{ guest }}, {{ starts }}"),
    CANCELLED: _("Cancelled: {{ guest }}, {{ starts }}"),
    PAYMENT_LINK: _("Asked to pay {{ amount }}: {{ guest }}, {{ starts }}"),
    PAID: _("Paid {{ amount }}: {{ guest }}, {{ starts }}"),
    NOT_PAID: _("Payment of {{ amount }} failed: {{ guest }}, {{ starts }}"),
    NOT_CHARGED: _("Not charged, too late: {{ amount }}, {{ guest }}, {{ starts }}"),
    GIVEN_BACK: _("Given back {{ amount }}: {{ guest }}, {{ starts }}"),
}
"""The subject of each kind of letter to the venue itself, which is its title too."""
