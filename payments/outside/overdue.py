"""What has waited too long for its provider: the doctor and the desk tell of it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import QuerySet

from payments.methods import Method
from payments.models import Checkout, CheckoutState, ProviderEvent, Refund, RefundState

LONG = timedelta(hours=1)
"""What was begun takes seconds. After so long a person should look."""

_BEGUN = (CheckoutState.TO_CAPTURE, CheckoutState.TO_VOID, CheckoutState.TO_REFUND)


def checkouts(now: datetime) -> QuerySet[Checkout]:
    """Returns payments whose end is decided and not reached, oldest first. `now` is UTC."""
    return Checkout.objects.filter(state__in=_BEGUN, created_at__lte=now - LONG).order_by("pk")


def of_venue(venue_id: int, now: datetime) -> QuerySet[Checkout]:
    """Returns those of a venue whose money is to go back, and has not."""
    found = checkouts(now).filter(state=CheckoutState.TO_REFUND)
    own = found.filter(payments__reservation__venue=venue_id).distinct()
    return own.prefetch_related("payments__reservation")


def told(now: datetime) -> Iterator[str]:
    """Yields a line for each payment, refund and event that has waited too long at `now` (UTC)."""
    for checkout in checkouts(now).iterator(500):
        place = f"{checkout.provider} {checkout.ref}".strip()
        since = f"{checkout.created_at:%F %R}"
        yield f"checkout {checkout.pk} ({place}): {checkout.state} since {since}"
    refunds = Refund.objects.filter(
        state=RefundState.OPEN, payment__method=Method.CARD, begun_at__lte=now - LONG
    )
    for refund in refunds.select_related("payment__checkout").order_by("pk").iterator(500):
        assert refund.payment.checkout is not None
        name = refund.payment.checkout.provider
        yield f"refund {refund.pk} ({name}): its outcome is not known since {refund.begun_at:%F %R}"
    events = ProviderEvent.objects.filter(handled_at__isnull=True, received_at__lte=now - LONG)
    for event in events.order_by("pk").iterator(500):
        yield f"event {event.pk} ({event}): not handled after {event.tries} tries"
