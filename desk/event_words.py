"""The words of events at the desk: what happened, what its data and changed fields are called."""

from collections.abc import Mapping

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from payments.methods import Method
from reservations.rules.guest_fields import LABELS

EVENT_LABELS: Mapping[str, str | Promise] = {
    "created": _("Created"),
    "confirmed": _("Confirmed"),
    "modified": _("Modified"),
    "cancelled": _("Cancelled"),
    "expired": _("Expired"),
    "checked_in": _("Checked in"),
    "checked_out": _("Checked out"),
    "completed": _("Completed"),
    "missed": _("Did not come"),
    "reseated": _("Reseated"),
    "swapped": _("Swapped"),
    "check_in_undone": _("Check in undone"),
    "check_out_undone": _("Check out undone"),
    "reinstated": _("Reinstated"),
    "rest_released": _("Rest released"),
    "price_adjusted": _("Price adjusted"),
    "fee_waived": _("Fee waived"),
    "captured": _("Paid"),
    "refunded": _("Given back"),
    "failed": _("Payment failed"),
    "voided": _("Not charged"),
    "link": _("Link to pay"),
    "refund_failed": _("Refund failed"),
    "disputed": _("Payment disputed"),
    "refunded_outside": _("Given back by the provider"),
    "made": _("Made"),
    "ended": _("Ended"),
    "opened": _("Opened"),
    "changed": _("Changed"),
    "closed": _("Closed"),
    # Letters.
    "held": _("Held"),
    "unit_fixed": _("Unit fixed"),
    "readdressed": _("Another address"),
    "reminder": _("Reminder"),
    "notice": _("Notice of erasure"),
}
"""What happened, by the last word of an event's name, or of a kind of letter."""

FIELDS: Mapping[str, str | Promise] = {
    # The data of events.
    "after": _("after"),
    "amount": _("amount"),
    "before": _("before"),
    "by_venue": _("by venue"),
    "capacity": _("capacity"),
    "changed": _("changed"),
    "charge": _("charge"),
    "closure": _("closure"),
    "fee": _("fee"),
    "fields": _("fields"),
    "from": _("from"),
    "given_back": _("given back"),
    "is_authentication": _("bank asks the guest"),
    "method": _("method"),
    "override_reason": _("override reason"),
    "overstay": _("overstay"),
    "payment": _("payment"),
    "purpose": _("purpose"),
    "reason": _("reason"),
    "refund": _("refund"),
    "released_from": _("released from"),
    "replaced": _("replaced"),
    "reprice": _("reprice"),
    "to": _("to"),
    "units": _("units"),
    "waived": _("waived"),
    "walk_in": _("walk in"),
    "was_movable": _("was movable"),
    "with": _("with"),
    # The fields of a reservation.
    "cancel_fee": _("cancel fee"),
    "cancel_free_until": _("cancel free until"),
    "cancelled_at": _("cancelled at"),
    "category": _("category"),
    "checked_in_at": _("checked in at"),
    "checked_out_at": _("checked out at"),
    "children": _("children"),
    "completed_at": _("completed at"),
    "confirmed_at": _("confirmed at"),
    "email": _("email"),
    "ends_at": _("ends at"),
    "expired_at": _("expired at"),
    "fee_due": _("fee due"),
    "first_name": _("first name"),
    "guest_count": _("guest count"),
    "hold_expires_at": _("hold expires at"),
    "language": _("language of letters"),
    "last_name": _("last name"),
    "metadata": _("metadata"),
    "missed_at": _("missed at"),
    "no_show_at": _("no show at"),
    "phone": _("phone"),
    "price": _("price"),
    "receive_email_updates": _("receive email updates"),
    "receive_phone_call": _("receive phone call"),
    "receive_text_notification": _("receive text notification"),
    "reference": _("reference"),
    "starts_at": _("starts at"),
}
"""What the keys of events' data, and fields of reservations, are called. Amounts have no ending;
what a guest says besides stands in `guest_fields.LABELS`.
"""

VALUES: Mapping[str, Mapping[str, str | Promise]] = {
    "charge": {
        "all": _("all"), "used": _("what was used"), "nothing": _("nothing"), "fee": _("the fee"),
    },
    "reprice": {
        "keep": _("as sold"), "added": _("what is added"), "all": _("all"),
    },
    "method": dict(Method.choices),
    "purpose": {"pay": _("to pay"), "guarantee": _("to store a card")},
    "language": dict(settings.LANGUAGES),
}  # fmt: skip
"""What the words of a field stand for."""

KINDS: Mapping[str, str | Promise] = {
    "guest": _("guest"),
    "staff": _("staff"),
    "administrator": _("administrator"),
    "partner": _("partner"),
    "system": _("system"),
    "anonymous": _("anonymous"),
}
"""Who did it, by the kind of caller."""


def event_label(name: str) -> str:
    """Turns `reservation.checked_in` into `Checked in`."""
    word = name.rpartition(".")[2]
    return str(EVENT_LABELS.get(word) or _plain(word).capitalize())


def field_label(name: str) -> str:
    """Turns `fee_due_minor` into `fee due`."""
    bare = name.removesuffix("_minor")
    if bare in LABELS:
        return str(LABELS[bare]).lower()
    return str(FIELDS.get(bare) or _plain(bare))


def value_label(name: str, value: str) -> str:
    """Turns a word of a field into what people call it; other texts stay."""
    return str(VALUES.get(name, {}).get(value, value))


def kind_label(kind: str) -> str:
    """Turns a kind of caller into a word."""
    return str(KINDS.get(kind, kind))


def _plain(name: str) -> str:
    return name.replace("_", " ")
