"""The letter to an address that was the guest's until now: it takes the entry out of its calendar.

The address may never have been the guest's. So the letter says nothing that it was not told before:
no name, and the time as it was.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override

from guests import emails
from notices import standing
from notices.channels import Result
from notices.letters import calendar_entry, event_changes, reservation_facts
from notices.letters.calendar_entry import Known
from notices.letters.kinds import EXPIRED, HELD, KINDS
from notices.letters.reservation_facts import LetterRow, address_of
from notices.mail.composers import Letter
from notices.models import Delivery
from notices.models.delivery import Channel, Outcome
from reservations import clock
from reservations.models import Event, Reservation
from reservations.rules import local_promises
from venues.local_words import when, whose_time

_WITH_ENTRY = tuple(kind for kind in KINDS if kind not in (HELD, EXPIRED))


def compose(delivery: Delivery) -> Letter | Result:
    """Returns the letter of a delivery, or why none is sent. A composer of `notices.mail`."""
    rows = Reservation.objects.select_related("venue", "category", "guest")
    row = rows.filter(pk=delivery.reservation_id or 0).first()
    if row is None:
        return Result(outcome=Outcome.DROPPED, detail="the reservation is gone")
    if emails.fold(address_of(row)) == emails.fold(delivery.to):
        return Result(outcome=Outcome.SUPERSEDED, detail="it is the guest's address again")
    if why_not := standing.judge(delivery):
        return why_not
    if not _has_entry(delivery, row):
        return Result(outcome=Outcome.DROPPED, detail="the address was sent no invitation")
    with override(delivery.language or settings.LANGUAGE_CODE):
        return letter(row, known_before(row, delivery.event_id or 0), to=delivery.to)


def known_before(row: Reservation, event_id: int) -> Known:
    """Returns what was told of a reservation before an event. One query."""
    now = calendar_entry.known_now(row)
    first: dict[str, Any] = {}
    for event in Event.objects.filter(reservation=row, pk__gte=event_id).order_by("pk"):
        for name, change in event_changes.of(event).items():
            first.setdefault(name, change.get("from"))
    return Known(
        starts_at=_instant(first, "starts_at") or now.starts_at,
        ends_at=_instant(first, "ends_at") or now.ends_at,
        category=first.get("category") or now.category,
    )


def _instant(values: Mapping[str, Any], name: str) -> datetime | None:
    told = values.get(name)
    return datetime.fromisoformat(told).astimezone(UTC) if told else None


def _has_entry(delivery: Delivery, row: Reservation) -> bool:
    """Says whether the address was sent an invitation, or may have been: letters are not kept."""
    long_ago = clock.now() - settings.DELIVERIES_KEPT
    if row.confirmed_at is not None and row.confirmed_at <= long_ago:
        return True
    sent = Delivery.objects.filter(
        reservation=row, channel=Channel.MAIL, to=delivery.to, outcome=Outcome.SENT
    )
    return sent.filter(kind__in=_WITH_ENTRY).exists()


def letter(row: Reservation, known: Known, *, to: str) -> Letter:
    """Returns the letter to the address `to`, in the active language."""
    venue = row.venue
    promised = row.promised_local
    zone = local_promises.zone_of(promised) if promised else venue.zone
    starts, page = when(known.starts_at, zone), reservation_facts.page_of(row)
    subject = _("Out of your calendar: %(venue)s, %(starts)s") % {
        "venue": venue.name, "starts": starts,
    }  # fmt: skip
    paragraphs = [
        _("Letters about this reservation go to another address from now on."),
        _("So this letter takes it out of your calendar. The reservation itself still stands.")
        if row.cancelled_at is None
        else _("So this letter takes it out of your calendar."),
        _("If this surprises you, ask %(venue)s.") % {"venue": venue.name},
    ]
    rows = [
        LetterRow(_("Code"), row.code),
        LetterRow(_("When"), f"{starts} ({whose_time(zone)})"),
    ]
    foot = _("You get this letter because letters about it came to this address before.")
    context = {"title": subject, "paragraphs": paragraphs, "rows": rows, "foot": foot}
    facts = "\n".join(f"{one.label}: {one.value}" for one in rows)
    return Letter(
        subject=subject,
        text="\n\n".join([*paragraphs, facts, f"-- \n{foot}"]) + "\n",
        html=render_to_string("notices/letter.html", context),
        sender_name=venue.name,
        reply_to=venue.email,
        code=row.code,
        invitation=calendar_entry.withdrawal(row, known, to=to, page=page, now=clock.now()),
    )
