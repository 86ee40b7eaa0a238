"""Whether a delivery may be sent now: the guest hears of each version once, and of none too late.

`judge` compares and sets the version that was told last. Two batches that hold deliveries about the
same reservation for the same receiver see each other: claims are committed before they are judged.
Of several that wait, only the newest is sent: `spoken_for` returns what it tells of as well.
"""

from datetime import timedelta

from django.db.models import Q

from notices.channels import RETRY, Result
from notices.letters.kinds import READDRESSED, TO_VENUE
from notices.models import Delivery
from notices.models.delivery import Channel, DeliveryQuerySet, Outcome
from reservations import clock
from reservations.models import Reservation

_MOMENT = timedelta(seconds=10)
"""How long a letter waits for the one before it, which another batch is sending."""


def judge(delivery: Delivery) -> Result | None:
    """Returns None where the delivery may be sent at once, else the result.

    Superseded is what a newer letter has told, is telling or waits to tell. Sets
    `notified_version`, which is of mail to the guest. Call it last, just before sending. Deliveries
    about no reservation may always be sent.
    """
    if delivery.reservation_id is None or delivery.version is None:
        return None
    if _is_told_newer(delivery) or not _set_notified(delivery):
        return Result(outcome=Outcome.SUPERSEDED, detail="a newer one tells it")
    if _before(delivery).filter(_in_flight(delivery)).exists():
        return Result(outcome=RETRY, detail="the letter before is being sent", retry_after=_MOMENT)
    return None


def spoken_for(delivery: Delivery) -> list[Delivery]:
    """Returns what was not told to the receiver before this one, oldest first, and this one last.

    Each has its event. Letters of money, and what is sent again, speak for themselves alone. At
    most two queries.
    """
    if delivery.version is None:
        return [delivery]
    before = _before(delivery).filter(replay_of=None).order_by("event_id")
    last = before.filter(outcome=Outcome.SENT).values_list("event_id", flat=True).last()
    untold = before.filter(event__gt=last or 0).exclude(kind=READDRESSED)
    return [*untold.select_related("event"), delivery]


def _set_notified(delivery: Delivery) -> bool:
    is_guests = delivery.channel == Channel.MAIL and not delivery.data.get(TO_VENUE)
    if not is_guests or delivery.kind == READDRESSED:
        # Others are told of other events than the guest is by mail: their order alone counts.
        return True
    rows = Reservation.objects.filter(pk=delivery.reservation_id or 0)
    newest = rows.filter(Q(notified_version=None) | Q(notified_version__lte=delivery.version))
    return bool(newest.update(notified_version=delivery.version))


def _is_told_newer(delivery: Delivery) -> bool:
    """Events that were handed on together have one version. Their order tells which is newer."""
    if delivery.event_id is None or delivery.replay_of_id is not None:
        return False
    newer = _beside(delivery).filter(event__gt=delivery.event_id)
    return newer.filter(Q(outcome=Outcome.SENT) | Q(done_at=None)).exists()


def _before(delivery: Delivery) -> DeliveryQuerySet:
    if delivery.event_id is None or delivery.replay_of_id is not None:
        return Delivery.objects.none()
    return _beside(delivery).filter(event__lt=delivery.event_id)


def _beside(delivery: Delivery) -> DeliveryQuerySet:
    """The others about the reservation that go to the same receiver by the same channel."""
    rows = Delivery.objects.filter(
        reservation=delivery.reservation_id, channel=delivery.channel, to=delivery.to
    ).exclude(pk=delivery.pk)
    # A venue may have the address of a guest.
    to_venue = Q(data__has_key=TO_VENUE)
    rows = rows.filter(to_venue if delivery.data.get(TO_VENUE) else ~to_venue)
    # Letters of money have no version: they say nothing of how the reservation is.
    return rows.exclude(version=None)


def _in_flight(delivery: Delivery) -> Q:
    """Claimed by another batch, whose lease has not ended."""
    is_claimed = ~Q(claimed_by="") & ~Q(claimed_by=delivery.claimed_by)
    return is_claimed & Q(done_at=None, next_try_at__gt=clock.now())
