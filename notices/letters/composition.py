"""Writes a letter about a reservation, from the facts of the moment in which it is sent."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from guests import emails
from notices import links, standing
from notices.channels import Result
from notices.letters import (
    calendar_entry,
    event_changes,
    money_words,
    placeholders,
    reservation_facts,
    shipped,
    templates,
)
from notices.letters.event_changes import ChangeLine
from notices.letters.kinds import (
    CANCELLED,
    CHANGED,
    CONFIRMED,
    EXPIRED,
    HELD,
    OF_MONEY,
    REINSTATED,
    REQUIRED,
    TO_VENUE,
    UNIT_FIXED,
)
from notices.letters.reservation_facts import LetterFacts, LetterRow, address_of
from notices.letters.templates import LetterWords
from notices.mail.composers import Letter
from notices.models import Delivery
from notices.models.delivery import Channel, Outcome
from reservations import clock
from reservations.event_types import CANCELLED as CANCELLED_EVENT
from reservations.models import Event, Reservation
from reservations.pricing import owed
from reservations.status import Status

_STANDING = frozenset({Status.UPCOMING, Status.PRESENT, Status.LEFT, Status.NO_SHOW})
_TRUE_WHILE = {
    HELD: frozenset({Status.HELD}),
    EXPIRED: frozenset({Status.EXPIRED}),
    CONFIRMED: _STANDING,
    UNIT_FIXED: _STANDING,
    REINSTATED: _STANDING,
    CANCELLED: frozenset({Status.CANCELLED}),
}
"""The status in which each kind is still true. What is not any more has a letter of its own."""

_STAYS_THROUGH = {
    CHANGED: (CONFIRMED, REINSTATED, CANCELLED),
    UNIT_FIXED: (CONFIRMED, REINSTATED, CHANGED),
}
"""Which kinds, told late, cover one that followed."""


def compose(delivery: Delivery) -> Letter | Result:
    """Returns the letter of a delivery, or why none is sent. A composer of `notices.mail`."""
    kind, events = told_of(delivery)
    row = look(delivery, kind)
    if isinstance(row, Result):
        return row
    if why_not := standing.judge(delivery):
        return why_not
    now = clock.now()
    with override(delivery.language or settings.LANGUAGE_CODE):
        facts = about(reservation_facts.of(row, now), delivery.event)
        if delivery.data.get(TO_VENUE):
            return to_venue(kind, facts, events)
        words = templates.words_of(row.venue_id, kind, delivery.language)
        return to_guest(kind, facts, words, events, to=delivery.to)


def told_of(delivery: Delivery) -> tuple[str, list[Event]]:
    """Returns the kind of letter that a delivery leads to, and the events that it tells of.

    Where several waited, one letter speaks for all: whoever was not told of the confirmation is
    told that, with the facts of now.
    """
    spoken = standing.spoken_for(delivery)
    kind = kind_together([one.kind for one in spoken])
    events = [one.event for one in spoken if one.event is not None]
    is_first = kind == CONFIRMED and len(spoken) > 1
    return kind, [] if is_first else events


def kind_together(waited: Sequence[str]) -> str:
    """Returns the kind of the one letter that tells of all these, oldest first."""
    kind = waited[0]
    for number, following in enumerate(waited[1:], start=1):
        if kind in _STAYS_THROUGH.get(following, ()):
            continue
        is_new = following == REINSTATED and CONFIRMED in waited[:number]
        kind = CONFIRMED if is_new else following
    return kind


def look(delivery: Delivery, kind: str) -> Reservation | Result:
    """Returns the reservation that a delivery is about, or why nobody is to be told any more.

    `kind` is what it tells. Asks again what the guest prefers, and how they are reached.
    """
    rows = Reservation.objects.select_related("venue__policy", "category", "guest")
    row = rows.filter(pk=delivery.reservation_id or 0).first()
    if row is None:
        return Result(outcome=Outcome.DROPPED, detail="the reservation is gone")
    if not _is_true(delivery, kind, row, clock.now()):
        return Result(outcome=Outcome.SUPERSEDED, detail="it is not so any more")
    return (None if delivery.data.get(TO_VENUE) else _why_not_to(delivery, kind, row)) or row


def _why_not_to(delivery: Delivery, kind: str, row: Reservation) -> Result | None:
    if delivery.channel == Channel.MAIL:
        is_theirs = emails.fold(address_of(row)) == emails.fold(delivery.to)
        is_wanted = kind in REQUIRED or row.receive_email_updates
    else:
        is_theirs, is_wanted = row.phone == delivery.to, row.receive_text_notification
    if not is_theirs:
        return Result(outcome=Outcome.DROPPED, detail="the guest has another address")
    return None if is_wanted else Result(outcome=Outcome.SUPPRESSED, detail="the guest wants none")


def to_guest(
    kind: str, facts: LetterFacts, words: LetterWords, events: Sequence[Event], *, to: str
) -> Letter:
    """Returns a letter to the guest, in the active language, with its invitation.

    `events` are what the letter tells of, oldest first; none for a sample.
    """
    row = facts.row
    # Who hears of a unit for the first time was not told of the one before.
    changes = [] if kind == UNIT_FIXED else changes_of(events, facts)
    values = reservation_facts.values(facts)
    subject = placeholders.fill(words.subject, values)
    text = "\n\n".join([placeholders.fill(words.text, values), *_notes(kind, facts, events)])
    actions = money_words.actions(kind, facts) or reservation_facts.actions(facts)
    foot = _("You get this letter because %(venue)s took a reservation for you.") % {
        "venue": row.venue.name
    }
    invitation = None
    if kind not in (HELD, EXPIRED, *OF_MONEY):
        invitation = calendar_entry.invitation(row, to=to, page=facts.page, now=facts.now)
    body = _body(subject, text, changes, reservation_facts.rows(facts), actions, foot)
    return Letter(
        subject=subject,
        text=body.text,
        html=body.html,
        sender_name=row.venue.name,
        reply_to=row.venue.email,
        code=row.code,
        invitation=invitation,
    )


def to_venue(kind: str, facts: LetterFacts, events: Sequence[Event]) -> Letter:
    """Returns a letter to the venue's own address, in the active language."""
    row, facts = facts.row, replace(facts, shows_units=True)
    title = placeholders.fill(str(shipped.TO_VENUE[kind]), reservation_facts.values(facts))
    page = reverse("admin:reservations_reservation_change", args=[row.pk])
    actions = [LetterRow(_("Open it at the desk"), links.absolute(page))]
    rows = [*reservation_facts.rows(facts), *reservation_facts.guest_rows(facts)]
    foot = _("%(venue)s chose to get these letters.") % {"venue": row.venue.name}
    body = _body(title, title, changes_of(events, facts), rows, actions, foot)
    return Letter(
        subject=title,
        text=body.text,
        html=body.html,
        sender_name=row.venue.name,
        reply_to=address_of(row),
        code=row.code,
    )


def changes_of(events: Iterable[Event], facts: LetterFacts) -> list[ChangeLine]:
    """Returns what the events changed together, as far as the guest is told it."""
    return event_changes.lines(
        events, currency=facts.row.currency, zone=facts.zone, has_units=facts.shows_units
    )


def _notes(kind: str, facts: LetterFacts, events: Sequence[Event]) -> list[str]:
    """Returns sentences that follow the words of a letter: why it was cancelled, and no fee."""
    if kind in OF_MONEY:
        return money_words.notes(kind, facts, events[-1] if events else None)
    if kind != CANCELLED:
        return []
    cancelled = (one.data for one in reversed(events) if one.name == CANCELLED_EVENT.name)
    data: Mapping[str, Any] = next(cancelled, {})
    found = []
    if data.get("by_venue"):
        found.append(_("The venue has to close at that time, and is sorry."))
    if data.get("replaced"):
        found.append(_("Your new reservation takes its place."))
    if not owed.owed(facts.row, facts.now):
        found.append(_("Nothing is charged."))
    found += money_words.coming_back(facts)
    return [" ".join(found)] if found else []


def about(facts: LetterFacts, event: Event | None) -> LetterFacts:
    """Adds the amount of the payment or refund that an event tells of."""
    amount = event.data.get("amount_minor") if event is not None else None
    return facts if amount is None else replace(facts, amount_minor=amount)


def _is_true(delivery: Delivery, kind: str, row: Reservation, now: datetime) -> bool:
    status = row.status_at(now)
    if kind in OF_MONEY:
        return money_words.is_true(delivery, row, now)
    if kind == CHANGED:
        # A fee that changes after the cancellation is told; a change before it is not.
        later = Event.objects.filter(reservation=row, pk__gt=delivery.event_id or 0)
        is_over = later.filter(name=CANCELLED_EVENT.name).exists()
        return status in _STANDING or (status is Status.CANCELLED and not is_over)
    return status in _TRUE_WHILE[kind]


class _Body(NamedTuple):
    text: str
    html: str


def _body(
    title: str,
    text: str,
    changes: Sequence[ChangeLine],
    rows: Sequence[LetterRow],
    actions: Sequence[LetterRow],
    foot: str,
) -> _Body:
    paragraphs = [part for part in text.split("\n\n") if part.strip()]
    context = {
        "title": title,
        "paragraphs": paragraphs,
        "changes": changes,
        "rows": rows,
        "actions": actions,
        "foot": foot,
    }
    return _Body(
        _plain(text, changes, rows, actions, foot),
        render_to_string("notices/letter.html", context),
    )


def _plain(
    text: str,
    changes: Sequence[ChangeLine],
    rows: Sequence[LetterRow],
    actions: Sequence[LetterRow],
    foot: str,
) -> str:
    blocks = [text]
    if changes:
        told = (f"{one.label}: {one.before} → {one.after}" for one in changes)
        blocks.append("\n".join([_("What has changed"), *told]))
    blocks.append("\n".join(_line(one) for one in rows))
    blocks.append("\n".join(f"{one.label}: {one.value}" for one in actions))
    return "\n\n".join([*blocks, f"-- \n{foot}"]) + "\n"


def _line(row: LetterRow) -> str:
    # A name with a line break must not look like a row of its own.
    told = f"{row.label}: {' '.join(row.value.split(chr(10)))}"
    return f"{told}\n{row.href}" if row.href else told
