"""Reminders of stays. No row is made in advance: a sweep finds the stays whose instant has passed.

So nothing has to move when a stay moves. A stay is found while its instant is at most `LATE` ago,
and told once for each reminder and each instant that it counts from.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from guests.models import Partner
from notices import opt_outs, outgoing
from notices.letters.reservation_facts import address_of
from notices.models import Delivery
from notices.models.delivery import Channel
from notices.scheduled import local_instants
from reservations import clock
from reservations.event_types import REINSTATED
from reservations.models import Event, Reservation
from reservations.querysets import IS_RUNNING, IS_STAYING, ReservationQuerySet
from reservations.rules import languages
from reservations.status import Status
from venues import hours, scratch, time_zones
from venues.models import Reminder
from venues.models.reminder import MOST

KIND = opt_outs.REMINDER
LATE = timedelta(hours=2)
"""How much later than its instant a reminder may come. Later ones are left out."""
_DAY = timedelta(days=1)
_MIDNIGHT = time(0)
_WHERE = {Channel.MAIL: "receive_email_updates", Channel.SMS: "receive_text_notification"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Stays that start (or end) in a range are due for the reminders that `which` names.

    `at` is the instant of the reminder, or None where it lies `before` each stay's own.
    """

    which: Q
    counts_from: str
    after: datetime
    until: datetime
    at: datetime | None = None
    before: timedelta = timedelta(0)

    def instant_of(self, counted: datetime) -> datetime:
        """Returns the instant of the reminder of a stay that starts (or ends) at `counted`."""
        return self.at or counted - self.before


def sweep() -> int:
    """Adds the reminders that are due. Returns how many. Opens a transaction for each batch."""
    now = clock.now()
    count = 0
    for due in _all_due(now):
        reminders = _by_venue(due.which)
        for rows in _batches(_stays(due, now)):
            with transaction.atomic(durable=True):
                drafts = list(_drafts(rows, reminders, due, now))
                outgoing.add(drafts)
            count += len(drafts)
    return count


def counted(row: Reservation, counts_from: str) -> datetime:
    """Returns what a reminder of a stay counts from: its start or its end."""
    return row.ends_at if counts_from == Reminder.CountsFrom.END else row.starts_at


def receiver(row: Reservation, channel: str) -> str:
    """Returns the address or number of a reminder; "" for a guest who does not want this."""
    if not getattr(row, _WHERE[Channel(channel)]):
        return ""
    if row.guest is not None and not row.guest.reminders:
        return ""
    return address_of(row) if channel == Channel.MAIL else row.phone


def _all_due(now: datetime) -> Iterator[Due]:
    """Yields the ranges of all reminders, those that are alike together."""
    since = now - LATE
    by_length = Reminder.objects.filter(before__isnull=False).order_by()
    for before, counts_from in by_length.values_list("before", "counts_from").distinct():
        assert before is not None
        which = Q(before=before, counts_from=counts_from)
        yield Due(
            which=which, counts_from=counts_from, after=since + before, until=now + before,
            before=before,
        )  # fmt: skip
    by_day = Reminder.objects.filter(before__isnull=True).order_by()
    names = ("venue__time_zone", "days_before", "at_time", "counts_from")
    for zone_name, days, at_time, counts_from in by_day.values_list(*names).distinct():
        zone = time_zones.named(zone_name)
        assert days is not None
        assert at_time is not None
        which = Q(
            venue__time_zone=zone_name, days_before=days, at_time=at_time, counts_from=counts_from
        )
        for one in local_instants.between(at_time, zone, since, now):
            day = one.day + days * _DAY
            begins, ends = (
                hours.instant(each, _MIDNIGHT, zone) - timedelta.resolution
                for each in (day, day + _DAY)
            )
            yield Due(which=which, counts_from=counts_from, after=begins, until=ends, at=one.at)


def _by_venue(which: Q) -> Mapping[int, Sequence[Reminder]]:
    found: dict[int, list[Reminder]] = {}
    for row in Reminder.objects.filter(which).select_related("venue"):
        if not scratch.is_scratch(row.venue):
            found.setdefault(row.venue_id, []).append(row)
    return found


def _stays(due: Due, now: datetime) -> Iterator[ReservationQuerySet]:
    """Yields the stays in parts, each of which an index finds."""
    venues = Reminder.objects.filter(due.which).values("venue")
    rows = Reservation.objects.filter(venue__in=venues, confirmed_at__isnull=False)
    rows = rows.filter(cancelled_at=None, checked_out_at=None, missed_at=None)
    if due.counts_from == Reminder.CountsFrom.START:
        yield rows.filter(starts_at__gt=due.after, starts_at__lte=due.until, checked_in_at=None)
        return
    ending = rows.filter(ends_at__gt=due.after, ends_at__lte=due.until)
    yield ending.filter(IS_RUNNING)
    yield ending.filter(IS_STAYING)


def _batches(parts: Iterable[ReservationQuerySet]) -> Iterator[list[Reservation]]:
    for part in parts:
        last = 0
        rows = part.select_related("venue", "guest").order_by("pk")
        while found := list(rows.filter(pk__gt=last)[: settings.SWEEP_BATCH]):
            yield found
            last = found[-1].pk


def _drafts(
    rows: Sequence[Reservation],
    reminders: Mapping[int, Sequence[Reminder]],
    due: Due,
    now: datetime,
) -> Iterator[Delivery]:
    made = _changed_at(rows)
    quiet = _quiet_partners(rows)
    drafts: dict[str, Delivery] = {}
    for row in rows:
        instant = due.instant_of(counted(row, due.counts_from))
        stands = row.status_at(now) in (Status.UPCOMING, Status.PRESENT)
        # Whoever books or moves a stay after its instant has just been told of it.
        if not stands or made[row.pk] > instant or row.partner in quiet:
            continue
        for reminder in reminders.get(row.venue_id, ())[:MOST]:
            if to := receiver(row, reminder.channel):
                draft = _draft(row, reminder, to, instant, now)
                drafts[draft.dedupe] = draft
    told = Delivery.objects.filter(dedupe__in=drafts).values_list("dedupe", flat=True)
    for known in list(told):
        del drafts[known]
    for draft in drafts.values():
        if not _has_ended(draft):
            yield draft


def _draft(
    row: Reservation, reminder: Reminder, to: str, instant: datetime, now: datetime
) -> Delivery:
    at = counted(row, reminder.counts_from)
    return Delivery(
        kind=KIND,
        channel=reminder.channel,
        lane=reminder.channel,
        to=to,
        language=languages.of_reservation(row.language, row.venue),
        reservation=row,
        user=row.guest,
        venue=row.venue,
        version=row.version,
        dedupe=f"{KIND}:{row.pk}:{reminder.pk}:{at.isoformat()}",
        data={"counts_from": reminder.counts_from, "at": at.isoformat()},
        created_at=now,
        next_try_at=now,
        useful_until=max(min(at, instant + timedelta(hours=12)), now + timedelta(minutes=5)),
    )


def _has_ended(draft: Delivery) -> bool:
    if draft.channel != Channel.MAIL:
        return False
    return opt_outs.is_ended(opt_outs.letters_to(KIND, draft.to, draft.user))


def _changed_at(rows: Sequence[Reservation]) -> Mapping[int, datetime]:
    """When each stay was confirmed, moved or reinstated last."""
    found = {row.pk: row.confirmed_at or row.created_at for row in rows}
    earliest = min(found.values(), default=None)
    if earliest is None:
        return found
    events = Event.objects.filter(reservation__in=found, at__gt=earliest).order_by()
    for pk, name, at, data in events.values_list("reservation_id", "name", "at", "data"):
        is_moved = not {"starts_at", "ends_at"}.isdisjoint(data.get("changed") or {})
        if pk in found and (is_moved or name == REINSTATED.name):
            found[pk] = max(found[pk], at)
    return found


def _quiet_partners(rows: Sequence[Reservation]) -> set[str]:
    """Those of these stays' partners that write to their guests themselves."""
    slugs = {row.partner for row in rows} - {""}
    if not slugs:
        return set()
    own = Partner.objects.filter(slug__in=slugs, notifies_guests=True)
    return set(own.values_list("slug", flat=True))
