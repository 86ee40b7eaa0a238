"""Decides whom an event is told, by which channel, and inserts the deliveries. Sends nothing.

A handler of `config/outbox.py`: it runs in the transaction that marks the event as handed on.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings

from guests import emails
from guests.models import Partner
from notices import outgoing, short_texts
from notices.letters import event_changes, reservation_facts
from notices.letters.kinds import (
    CANCELLED,
    CHANGED,
    CONFIRMED,
    EXPIRED,
    HELD,
    NOT_PAID,
    OF_MONEY,
    PAYMENT_LINK,
    READDRESSED,
    REINSTATED,
    REQUIRED,
    TO_VENUE,
    UNIT_FIXED,
)
from notices.letters.reservation_facts import address_of
from notices.models import Delivery
from notices.models.delivery import Channel, Outcome
from reservations import clock, event_types
from reservations.models import Event, Reservation
from reservations.rules import languages
from reservations.status import Status

SILENT = frozenset({"replay", "demonstration"})
"""Parts of this system that make up history. Nobody is told of it."""

LONG_PAST = timedelta(days=1)
"""After the end of a stay for so long, changes of it are told."""

MOMENT_TO_PAY_AGAIN = timedelta(minutes=5)
"""A guest whose payment failed is written to if they have not paid by then."""

_CHANGES = frozenset(
    one.name
    for one in (
        event_types.MODIFIED,
        event_types.RESEATED,
        event_types.SWAPPED,
        event_types.PRICE_ADJUSTED,
        event_types.FEE_WAIVED,
        event_types.REST_RELEASED,
    )
)
_LONGEST_KEY = 200


class Receiver(NamedTuple):
    """Who is told what: the kind, the channel, the address or number, and the language."""

    kind: str
    channel: Channel
    to: str
    language: str
    is_venue: bool = False


def fan_out(event: Event) -> None:
    """Inserts the deliveries of an event. Repeating it adds nothing. Assumes a transaction.

    Events that are too old already are told to nobody: a server that was down for a day, or a
    restored backup, must not write to everybody.
    """
    now = clock.now()
    if event.reservation_id is None or _is_silent(event) or _is_too_old(event, now):
        return
    if not _may_matter(event):
        return
    rows = Reservation.objects.select_related("venue__policy", "category", "guest")
    row = rows.get(pk=event.reservation_id)
    kind = kind_of(event, row, now)
    if kind in OF_MONEY or row.ends_at + LONG_PAST > now:
        # Of two that have the same key, the first counts: a new address hears of the confirmation.
        told = [*_of_addresses(event, row, now), *_receivers(row, kind)]
        outgoing.add(_draft(event, row, one, now) for one in told)


def kind_of(event: Event, row: Reservation, now: datetime) -> str | None:
    """Returns which kind of letter tells of the event; None where it matters to nobody outside."""
    match event.name:
        case event_types.CREATED.name:
            is_told = row.venue.tells_holds and row.status_at(now) is Status.HELD
            return HELD if is_told else None
        case event_types.CONFIRMED.name:
            # Who is here already needs no letter: a walk-in, or a hold that was checked in.
            is_here = row.checked_in_at is not None and row.checked_in_at <= event.at
            return None if is_here else CONFIRMED
        case event_types.CANCELLED.name:
            return CANCELLED if row.confirmed_at or row.venue.tells_holds else None
        case event_types.EXPIRED.name:
            return EXPIRED if row.venue.tells_expiries else None
        case event_types.REINSTATED.name:
            return _reinstated(event, row)
        case name if name in _CHANGES:
            return _changed(event, row)
        case name if name in OF_MONEY:
            # A stored card moves no money.
            has_moved = bool(event.data.get("amount_minor")) or name == PAYMENT_LINK
            return name if has_moved else None
        case _:
            return None


def _reinstated(event: Event, row: Reservation) -> str | None:
    changed = event_changes.of(event)
    if row.confirmed_at is None:
        return None
    if "cancelled_at" in changed:
        return REINSTATED
    # A no-show was never told that they are one.
    return CONFIRMED if "expired_at" in changed else None


def _changed(event: Event, row: Reservation) -> str | None:
    changed = event_changes.of(event)
    fields = event_changes.TOLD.keys() & changed.keys()
    if row.confirmed_at is None or not fields:
        return None
    if fields != {"units"}:
        return CHANGED
    if row.checked_in_at is not None:
        # The guest was there when it happened.
        return None
    if reservation_facts.tells_units(row):
        return CHANGED
    is_fixed = row.allocations.filter(is_live=True, is_locked=True).exists()
    return UNIT_FIXED if is_fixed else None


def _is_silent(event: Event) -> bool:
    return event.by_kind == "system" and event.by in SILENT


def _is_too_old(event: Event, now: datetime) -> bool:
    """Imported history is recorded now, and happened long ago."""
    return min(event.at, event.recorded_at) + settings.NOTICE_USEFUL <= now


def _may_matter(event: Event) -> bool:
    """Most events of a venue matter to nobody outside. They cost no query."""
    return event.name in _CHANGES or event.name in (
        event_types.CREATED.name,
        event_types.CONFIRMED.name,
        event_types.CANCELLED.name,
        event_types.EXPIRED.name,
        event_types.REINSTATED.name,
        *OF_MONEY,
    )


def _of_addresses(event: Event, row: Reservation, now: datetime) -> Iterator[Receiver]:
    """Yields the address that is the guest's no more, and the new one, which has had no letter.

    Of a hold only the new one is told, where the venue tells of holds: nothing of it is in a
    calendar.
    """
    change = event_changes.of(event).get(event_changes.ADDRESS)
    status = row.status_at(now)
    stands = row.confirmed_at and status in (Status.UPCOMING, Status.PRESENT)
    is_held = status is Status.HELD and row.venue.tells_holds and row.receive_email_updates
    if change is None or not (stands or is_held) or _is_told_by_partner(row):
        return
    of_account = row.guest.email if row.guest else ""
    old, new = change.get("from") or of_account, address_of(row)
    if emails.fold(old) == emails.fold(new):
        return
    language = languages.of_reservation(row.language, row.venue)
    if old and stands:
        yield Receiver(READDRESSED, Channel.MAIL, old, language)
    kind = CONFIRMED if stands else HELD
    if new and not _has_had(kind, new, event):
        yield Receiver(kind, Channel.MAIL, new, language)


def _has_had(kind: str, address: str, event: Event) -> bool:
    """Says whether a letter that waited went to the new address before its event was handed on."""
    sent = Delivery.objects.filter(
        reservation=event.reservation_id, channel=Channel.MAIL, to=address, kind=kind
    )
    return sent.filter(outcome=Outcome.SENT, done_at__gt=event.recorded_at).exists()


def _receivers(row: Reservation, kind: str | None) -> Iterator[Receiver]:
    if kind is None:
        return
    venue = row.venue
    if not _is_told_by_partner(row):
        language = languages.of_reservation(row.language, venue)
        address = address_of(row)
        if address and (kind in REQUIRED or row.receive_email_updates):
            yield Receiver(kind, Channel.MAIL, address, language)
        if row.receive_text_notification and row.phone and short_texts.can_be_sent():
            yield Receiver(kind, Channel.SMS, row.phone, language)
    if venue.receives_notices and venue.email:
        language = languages.of_venue(venue)
        yield Receiver(kind, Channel.MAIL, venue.email, language, is_venue=True)


def _is_told_by_partner(row: Reservation) -> bool:
    if not row.partner:
        return False
    return Partner.objects.filter(slug=row.partner, notifies_guests=True).exists()


def _draft(event: Event, row: Reservation, who: Receiver, now: datetime) -> Delivery:
    return Delivery(
        kind=who.kind,
        channel=who.channel,
        lane=who.channel,
        to=who.to,
        language=who.language,
        event=event,
        reservation=row,
        user_id=None if who.is_venue else row.guest_id,
        venue_id=row.venue_id,
        version=None if who.kind in OF_MONEY else row.version,
        dedupe=_key(event, who),
        data={TO_VENUE: True} if who.is_venue else {},
        created_at=now,
        # Who is still at the page pays again, and needs no letter.
        next_try_at=now + MOMENT_TO_PAY_AGAIN if who.kind == NOT_PAID else now,
        useful_until=event.recorded_at + settings.NOTICE_USEFUL,
    )


def _key(event: Event, who: Receiver) -> str:
    # A venue may have the address of a guest.
    channel = "venue" if who.is_venue else who.channel
    key = f"event:{event.pk}:{channel}:{who.to}"
    if len(key) <= _LONGEST_KEY:
        return key
    digest = hashlib.sha256(who.to.encode()).hexdigest()
    return f"event:{event.pk}:{channel}:{digest}"
