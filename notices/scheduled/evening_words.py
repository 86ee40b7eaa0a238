"""The evening word: a line in the evening to those who have not parked lately, at their own time.

It comes to those who chose a time, when they have not parked for EVENING_AFTER_DAYS days or a lot
was opened since the last one; never while they are parked, and at most once a local day.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from guests.models import User
from notices import links, opt_outs, outgoing, preferences
from notices.models import Delivery
from notices.models.delivery import Channel
from notices.scheduled import local_instants, time_zones
from notices.scheduled.local_instants import LocalInstant
from notices.short_texts import Escape
from reservations import clock
from reservations.models import Reservation
from reservations.querysets import ReservationQuerySet
from reservations.rules import languages
from reservations.status import Status
from venues import kinds
from venues.models import Venue

KIND = opt_outs.EVENING
LATE = timedelta(hours=2)
"""How much later than its time a word may come. Later ones are left out."""
MOST_LOTS = 3
"""New lots that a word names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a person gets the word now, and why (or why not), in English for operators.

    `idle_days` is since they left a lot last, None when they never parked.
    """

    is_due: bool
    why: str
    idle_days: int | None = None
    lots: Sequence[Venue] = ()


def sweep() -> int:
    """Adds the words that are due. Returns how many. Opens a transaction for each batch."""
    count = 0
    while True:
        with transaction.atomic(durable=True):
            now = clock.now()
            rows = languages.named(time_zones.named(_chosen().filter(_is_due(now))))
            rows = rows.order_by("evening_next_at", "pk")
            rows = rows.select_for_update(skip_locked=True, no_key=True, of=("self",))
            users = list(rows[: settings.SWEEP_BATCH])
            count += _tell(users, now)
        if len(users) < settings.SWEEP_BATCH:
            return count


def judged(now: datetime) -> Iterator[tuple[User, LocalInstant, Verdict]]:
    """Yields everybody who chose a time, when it is next, and whether they would get a word now."""
    last = 0
    while users := list(
        time_zones.named(_chosen().filter(pk__gt=last)).order_by("pk")[: settings.SWEEP_BATCH]
    ):
        verdicts = _verdicts(users, now)
        for user in users:
            assert user.evening_at is not None
            following = local_instants.following(user.evening_at, time_zones.of(user), now)
            yield user, following, verdicts[user.pk]
        last = users[-1].pk


def write(delivery: Delivery, escape: Escape) -> str | None:
    """Writes the word as a short text; None when the person has parked since."""
    said = lines(delivery, escape)
    if said is None:
        return None
    find = gettext("Find a spot: %(link)s") % {"link": search_link()}
    stop = links.absolute(reverse("web:my_notices"))
    return "\n".join([*said, find, gettext("Change or stop this: %(link)s") % {"link": stop}])


def lines(delivery: Delivery, escape: Escape = str) -> list[str] | None:
    """Says the word in the active language, from the facts of this moment.

    None when the person has parked since, wants it no more, or wants it elsewhere.
    """
    user = delivery.user
    if (
        user is None
        or user.evening_at is None
        or _receiver(user) != (delivery.channel, delivery.to)
    ):
        return None
    verdict = _verdicts([user], clock.now(), since=_since_of(delivery))[user.pk]
    if not verdict.is_due:
        return None
    parts = [gettext("Good evening, %(name)s.") % {"name": escape(user.display_name)}]
    days = verdict.idle_days
    if days is None:
        parts.append(gettext("You have not parked with us yet."))
    elif days >= settings.EVENING_AFTER_DAYS:
        told = ngettext(
            "You have not parked for %(days)s day.", "You have not parked for %(days)s days.", days
        )
        parts.append(told % {"days": days})
    return parts + [_new(lot, escape) for lot in verdict.lots[:MOST_LOTS]]


def search_link() -> str:
    """Returns the address of the page that lists lots."""
    return links.absolute(f"{reverse('web:home')}?kind={kinds.PARKING.code}")


def _new(lot: Venue, escape: Escape) -> str:
    place = ", ".join(filter(None, (lot.address, lot.city)))
    told = gettext("New: %(lot)s, %(place)s.") if place else gettext("New: %(lot)s.")
    return told % {"lot": escape(lot.name), "place": escape(place)}


def _chosen() -> QuerySet[User]:
    return User.objects.filter(evening_at__isnull=False, is_active=True)


def _is_due(now: datetime) -> Q:
    # Null means that nobody has worked it out yet.
    return Q(evening_next_at__isnull=True) | Q(evening_next_at__lte=now)


def _tell(users: Sequence[User], now: datetime) -> int:
    verdicts = _verdicts(users, now)
    drafts = []
    for user in users:
        assert user.evening_at is not None
        zone = time_zones.of(user)
        due = local_instants.last(user.evening_at, zone, now)
        is_timely = now - due.at <= LATE and due.at > _since(user)
        if is_timely and verdicts[user.pk].is_due:
            drafts.append(_draft(user, due, verdicts[user.pk], now))
            user.evening_since = due.at
        user.evening_next_at = local_instants.following(user.evening_at, zone, now).at
    outgoing.add(drafts)
    User.objects.bulk_update(users, ["evening_next_at", "evening_since"])
    return len(drafts)


def _draft(user: User, due: LocalInstant, verdict: Verdict, now: datetime) -> Delivery:
    channel, to = _receiver(user)
    return Delivery(
        kind=KIND,
        channel=channel,
        lane=f"{channel}:{user.pk}" if channel == Channel.CHAT else channel,
        to=to,
        language=languages.of_user(user),
        user=user,
        dedupe=f"{KIND}:{user.pk}:{due.day}",
        data={"since": _since(user).isoformat()},
        created_at=now,
        next_try_at=now,
        useful_until=due.at + LATE,
    )


def _receiver(user: User) -> tuple[Channel, str]:
    channel = Channel(user.evening_channel)
    return channel, {Channel.MAIL: user.email, Channel.SMS: user.phone}.get(channel, str(user.pk))


def _verdicts(
    users: Sequence[User], now: datetime, since: datetime | None = None
) -> Mapping[int, Verdict]:
    """Judges several people in three queries. `since` replaces from when lots are new."""
    if not users:
        return {}
    rows = Reservation.objects.filter(guest__in=users, venue__kind__in=kinds.with_spots())
    parked = set(rows.in_status(Status.PRESENT, at=now).values_list("guest_id", flat=True))
    left = _last_left(rows, now)
    begins = {user.pk: since or _since(user) for user in users}
    opened = Venue.objects.filter(
        kind__in=kinds.with_spots(), is_active=True, is_listed=True,
        created_at__gt=min(begins.values()), created_at__lte=now,
    )  # fmt: skip
    lots = list(opened.order_by("-created_at"))
    found = {}
    for user in users:
        new = [lot for lot in lots if lot.created_at > begins[user.pk]]
        idle = now - left[user.pk] if user.pk in left else None
        found[user.pk] = _verdict(user, idle, new, is_parked=user.pk in parked)
    return found


def _verdict(
    user: User, idle: timedelta | None, lots: Sequence[Venue], *, is_parked: bool
) -> Verdict:
    if (reason := _unreachable(user)) is not None:
        return Verdict(is_due=False, why=reason)
    if is_parked:
        return Verdict(is_due=False, why="parked now")
    days = None if idle is None else idle.days
    if idle is None or idle >= timedelta(days=settings.EVENING_AFTER_DAYS):
        why = "never parked" if idle is None else f"not parked for {days} days"
        return Verdict(is_due=True, why=why, idle_days=days, lots=lots)
    if lots:
        return Verdict(is_due=True, why=f"new lot: {lots[0]}", idle_days=days, lots=lots)
    return Verdict(is_due=False, why=f"parked {days} days ago", idle_days=days)


def _unreachable(user: User) -> str | None:
    if not preferences.is_allowed(user, user.evening_channel):
        return f"{user.evening_channel} is switched off"
    if user.evening_channel == Channel.MAIL and opt_outs.is_ended(
        opt_outs.letters_to(KIND, user.email, user)
    ):
        return "unsubscribed"
    if user.evening_channel == Channel.CHAT and not user.chat_url:
        return "no address of a chat"
    if user.evening_channel == Channel.SMS and not user.phone:
        return "no phone number"
    return None


def _last_left(rows: ReservationQuerySet, now: datetime) -> Mapping[int, datetime]:
    left = rows.in_status(Status.LEFT, at=now).order_by()
    last = left.values("guest_id").annotate(at=Max(Coalesce("checked_out_at", "ends_at")))
    return dict(last.values_list("guest_id", "at"))


def _since(user: User) -> datetime:
    return user.evening_since or user.created_at


def _since_of(delivery: Delivery) -> datetime | None:
    since = delivery.data.get("since")
    return datetime.fromisoformat(since) if since else None
