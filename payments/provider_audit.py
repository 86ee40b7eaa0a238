"""Compares what providers hold of payments by card with the ledger."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Q, Sum

from payments import accounts
from payments.models import UNSETTLED, Checkout, Entry
from payments.providers import registry
from payments.providers.protocol import Declined, Found, Unreachable


def differences(*, since: datetime) -> Iterator[str]:
    """Yields a line for each settled checkout, made since an instant (UTC), that differs.

    Asks its provider for each, and says so where that does not answer.
    """
    rows = Checkout.objects.filter(created_at__gte=since).exclude(ref="")
    for checkout in rows.exclude(state__in=UNSETTLED).order_by("pk").iterator(500):
        told = _of(checkout)
        if told:
            yield f"checkout {checkout.pk} ({checkout.provider} {checkout.ref}): {told}"


def posted_minor(checkout: Checkout) -> int:
    """Returns what the ledger says the provider holds of a checkout, in minor units."""
    account = accounts.provider(checkout.provider)
    entries = Entry.objects.filter(payment__checkout=checkout)
    sums = entries.aggregate(
        came=Sum("amount_minor", filter=Q(from_account=account)),
        went=Sum("amount_minor", filter=Q(to_account=account)),
    )
    return (sums["came"] or 0) - (sums["went"] or 0)


def _of(checkout: Checkout) -> str:
    try:
        reading = registry.provider(checkout.provider).read(checkout.ref)
    except (Unreachable, Declined, KeyError):
        return "the provider could not be asked"
    held = reading.captured_minor - reading.refunded_minor - reading.disputed_minor
    posted = posted_minor(checkout)
    if held != posted:
        return f"the provider holds {held}, the ledger says {posted}"
    # A stored card stays authorised.
    if reading.state == Found.AUTHORISED and checkout.amount_minor:
        return f"{checkout.amount_minor} is still reserved on the card, and it is {checkout.state}"
    return ""
