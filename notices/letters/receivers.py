"""Where a delivery goes: to the guest's, the account's or the venue's address of this moment.

Whoever corrects an address, a number or the language while a message waits gets it so, whichever
door they came by. So senders ask before they look at anything else.
"""

from django.db.models import Q

from guests import emails
from notices.letters.kinds import READDRESSED, TO_VENUE
from notices.letters.reservation_facts import address_of
from notices.models import Delivery
from notices.models.delivery import Channel
from reservations.models import Reservation
from reservations.rules import languages

_FOLLOW = (Channel.MAIL, Channel.SMS)


def follow(delivery: Delivery) -> None:
    """Moves a delivery that waits to the address or number of now, if there is another one.

    With it go the others that wait for the same receiver, so that one message can still speak for
    all. Where there is none any more it stays as it is.
    """
    if delivery.reservation_id is not None:
        # Its composer reads these too.
        rows = Reservation.objects.select_related("venue", "guest")
        delivery.reservation = rows.filter(pk=delivery.reservation_id).first()
    language = language_of(delivery)
    if language != delivery.language:
        Delivery.objects.waiting().filter(pk=delivery.pk).update(language=language)
        delivery.language = language
    before, to = delivery.to, of_now(delivery)
    if not to or _is_same(delivery.channel, before, to):
        return
    waiting = Delivery.objects.waiting().filter(_beside(delivery), to=before)
    waiting.exclude(kind=READDRESSED).update(to=to)
    delivery.to = to


def of_now(delivery: Delivery) -> str:
    """Returns the address or number of now; "" where there is none any more.

    A letter to an address that is the guest's no more, and a message that proves a number, belong
    to that one alone.
    """
    if delivery.channel not in _FOLLOW or delivery.kind == READDRESSED:
        return delivery.to
    is_mail, row, user = delivery.channel == Channel.MAIL, delivery.reservation, delivery.user
    if row is not None and delivery.data.get(TO_VENUE):
        return row.venue.email or delivery.to
    if row is not None:
        return address_of(row) if is_mail else row.phone
    if user is not None:
        return user.email if is_mail else user.phone
    return delivery.to


def language_of(delivery: Delivery) -> str:
    """Returns the language of now, of the reservation, the venue or the account."""
    row, user = delivery.reservation, delivery.user
    if row is not None and delivery.data.get(TO_VENUE):
        return languages.of_venue(row.venue)
    if row is not None:
        return languages.of_reservation(row.language, row.venue)
    # Who has chosen none may have asked for it on a page, whose language it has.
    return (user.language if user is not None else "") or delivery.language


def _is_same(channel: str, one: str, other: str) -> bool:
    return one == other or (channel == Channel.MAIL and emails.fold(one) == emails.fold(other))


def _beside(delivery: Delivery) -> Q:
    if delivery.reservation_id is None:
        return Q(pk=delivery.pk)
    # A venue may have the address of a guest.
    to_venue = Q(data__has_key=TO_VENUE)
    flag = to_venue if delivery.data.get(TO_VENUE) else ~to_venue
    return flag & Q(reservation=delivery.reservation_id, channel=delivery.channel)
