"""The notice before retention erases a guest: a letter, RETENTION_NOTICE_DAYS before.

Retention leaves a stay alone until then. Guests without an address, and those who want no mail,
cannot be told, and are not waited for.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from guests import emails
from guests.models import Partner, User
from notices import links, outgoing
from notices.channels import Result
from notices.letters.reservation_facts import LetterRow, address_of
from notices.mail.composers import Letter
from notices.models import Delivery, ErasureNotice
from notices.models.delivery import Channel, Outcome
from reservations import clock
from reservations.models import Reservation
from reservations.privacy import blanks, retention
from reservations.querysets import ReservationQuerySet
from reservations.rules import languages
from venues import scratch
from venues.local_words import day
from venues.models import Venue

KIND = "erasure.notice"
MOST = 20
"""Stays that a letter names."""


def sweep() -> int:
    """Adds the notices of stays that are soon old enough. Returns of how many stays.

    Opens a transaction for each batch, and skips locked rows: the next run takes them.
    """
    if not settings.RETENTION_NOTICE:
        return 0
    return sum(_of_venue(venue, days) for venue, days in retention.venues())


def kept() -> Q:
    """Returns the condition of stays that wait for their notice, or for its time to pass."""
    if not settings.RETENTION_NOTICE:
        return Q()
    told = ErasureNotice.objects.filter(
        reservation=OuterRef("pk"), at__lte=clock.now() - settings.RETENTION_NOTICE
    )
    return _can_be_told() & ~Q(Exists(told))


def forget(reservation_ids: Sequence[int]) -> None:
    """Deletes the notes of stays that are blanked now."""
    ErasureNotice.objects.filter(reservation__in=reservation_ids).delete()


def compose(delivery: Delivery) -> Letter | Result:
    """Writes the letter from the stays that still name the person, or says why none is sent."""
    rows = Reservation.objects.select_related("venue", "guest").order_by("-starts_at", "-pk")
    named = blanks.still_named(rows.filter(pk__in=delivery.data["reservations"]))
    theirs = [
        row
        for row in named
        if row.receive_email_updates and emails.fold(address_of(row)) == emails.fold(delivery.to)
    ]
    if not theirs:
        return Result(outcome=Outcome.DROPPED, detail="nothing to erase, or nobody to tell")
    with override(delivery.language or settings.LANGUAGE_CODE):
        return letter(theirs, delivery.created_at + settings.RETENTION_NOTICE)


def _can_be_told() -> Q:
    of_account = User.objects.filter(pk=OuterRef("guest")).exclude(email="")
    own = Partner.objects.filter(notifies_guests=True).values("slug")
    has_address = ~Q(email="") | Q(Exists(of_account))
    return Q(receive_email_updates=True) & has_address & ~Q(partner__in=own)


def _of_venue(venue: Venue, days: int) -> int:
    if scratch.is_scratch(venue):
        return 0
    count = last = 0
    while True:
        with transaction.atomic(durable=True):
            rows = _untold(venue, days, after=last)
            _tell(venue, rows, clock.now())
        count += len(rows)
        if len(rows) < settings.SWEEP_BATCH:
            return count
        last = rows[-1].pk


def _untold(venue: Venue, days: int, *, after: int) -> list[Reservation]:
    before = clock.now() + settings.RETENTION_NOTICE - timedelta(days=days)
    told = ErasureNotice.objects.filter(reservation=OuterRef("pk"))
    rows: ReservationQuerySet = retention.ended(venue, min(before, clock.now()))
    rows = rows.filter(_can_be_told(), ~Q(Exists(told)), pk__gt=after).order_by("pk")
    rows = rows.select_related("guest").select_for_update(
        skip_locked=True, no_key=True, of=("self",)
    )
    return list(rows[: settings.SWEEP_BATCH])


def _tell(venue: Venue, rows: Sequence[Reservation], now: datetime) -> None:
    notices = [ErasureNotice(reservation=row, at=now) for row in rows]
    ErasureNotice.objects.bulk_create(notices, ignore_conflicts=True)
    outgoing.add(_drafts(venue, rows, now))


def _drafts(venue: Venue, rows: Sequence[Reservation], now: datetime) -> Iterator[Delivery]:
    by_address: dict[str, list[Reservation]] = defaultdict(list)
    for row in rows:
        by_address[emails.fold(address_of(row))].append(row)
    for theirs in by_address.values():
        newest = theirs[-1]
        yield Delivery(
            kind=KIND,
            channel=Channel.MAIL,
            lane=Channel.MAIL,
            to=address_of(newest),
            language=languages.of_reservation(newest.language, venue),
            reservation=newest,
            user_id=newest.guest_id,
            venue=venue,
            dedupe=f"{KIND}:{newest.pk}",
            data={"reservations": [row.pk for row in theirs]},
            created_at=now,
            next_try_at=now,
            useful_until=now + settings.RETENTION_NOTICE / 2,
        )


def letter(rows: Sequence[Reservation], at: datetime) -> Letter:
    """Returns the letter about stays of one guest, in the active language. `at` is when."""
    venue = rows[0].venue
    count = len(rows)
    title = _("%(venue)s erases your data soon") % {"venue": venue.name}
    told = ngettext(
        "From %(day)s on, nothing names you with this reservation any more: no name, no address "
        "and no phone number.",
        "From %(day)s on, nothing names you with these %(count)s reservations any more: no name, "
        "no address and no phone number.",
        count,
    )
    paragraphs = [
        told % {"day": day(at, venue), "count": count},
        _("You need to do nothing. If you want a copy, get it until then."),
    ]
    facts = [LetterRow(row.code, day(row.starts_at, venue)) for row in rows[:MOST]]
    page = links.absolute(reverse("web:data"))
    action = LetterRow(_("See or download your data"), page)
    foot = _("You get this letter because you were a guest of %(venue)s.") % {"venue": venue.name}
    context = {
        "title": title, "paragraphs": paragraphs, "rows": facts, "actions": [action], "foot": foot,
    }  # fmt: skip
    lines = "\n".join(f"{one.label}: {one.value}" for one in facts)
    return Letter(
        subject=title,
        text="\n\n".join([*paragraphs, lines, f"{action.label}: {page}", f"-- \n{foot}"]) + "\n",
        html=render_to_string("notices/letter.html", context),
        sender_name=venue.name,
        reply_to=venue.email,
        code=rows[0].code,
    )
