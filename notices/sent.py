"""What was sent of a venue or reservation, for those who work there, and sending it again."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Prefetch, Q

from notices import outgoing, suppressions
from notices.letters import receivers
from notices.letters.reservation_facts import address_of
from notices.models import Attempt, Delivery
from notices.models.delivery import Channel, DeliveryQuerySet
from notices.privacy import ERASED
from reservations import clock
from reservations.models import Reservation

USEFUL = timedelta(hours=6)
"""How long a letter that is sent again may wait."""

FAILED = Q(outcome__in=("failed", "suppressed"))


def to_guests() -> DeliveryQuerySet:
    """Returns what went to people about reservations, newest first, with its tries."""
    tries = Prefetch("tries", queryset=Attempt.objects.order_by("-id"))
    rows = Delivery.objects.exclude(channel=Channel.WEBHOOK).filter(reservation__isnull=False)
    return (
        rows.select_related("reservation__guest", "venue").prefetch_related(tries).order_by("-id")
    )


def may_be_sent_again(delivery: Delivery) -> bool:
    """Tells whether a delivery is over, and has a receiver still."""
    return delivery.done_at is not None and delivery.to != ERASED


def send_again(delivery: Delivery) -> bool:
    """Sends a letter or text again, with the facts of now, to the address of now.

    Pressed twice it is sent once: False while the one before waits. Lifts a suppression, since
    whoever presses says that the address works. Opens its own transaction.
    """
    row = delivery.reservation
    if row is None or not may_be_sent_again(delivery):
        return False
    to = receiver(delivery)
    with transaction.atomic():
        before = delivery.replays.count()
        if not to or delivery.replays.waiting().exists():
            return False
        suppressions.lift(delivery.channel, to)
        now = clock.now()
        again = Delivery(
            kind=delivery.kind,
            channel=delivery.channel,
            lane=delivery.lane,
            to=to,
            language=receivers.language_of(delivery),
            event_id=delivery.event_id,
            reservation=row,
            user_id=delivery.user_id,
            venue_id=delivery.venue_id,
            version=row.version,
            data=delivery.data,
            # Two presses at the same moment count the same, and the second adds nothing.
            dedupe=f"again:{delivery.pk}:{before}",
            created_at=now,
            next_try_at=now,
            useful_until=now + USEFUL,
            replay_of=delivery,
        )
        outgoing.add([again])
    return True


def receiver(delivery: Delivery) -> str:
    """Returns to whom it is sent again: the guest's address or number of now, or the venue's."""
    return receivers.of_now(delivery)


def why_no_letter_arrives(row: Reservation) -> str:
    """Returns what the guest's mail server said; "" where nothing speaks against a letter."""
    address = address_of(row)
    return suppressions.reason_of(Channel.MAIL, address) if address else ""


def masked(delivery: Delivery) -> str:
    """Returns a receiver as those see it who need not know the address: `g…@example.com`."""
    to = delivery.to
    if to == ERASED or not to:
        return ""
    name, at, domain = to.rpartition("@")
    return f"{name[:1]}…@{domain}" if at else f"{to[:3]}…{to[-2:]}"
