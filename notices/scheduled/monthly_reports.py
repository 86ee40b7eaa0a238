"""The monthly report of a person's parking: on the first of the month by their clock, once.

Where nothing ran on the first, it follows until the seventh. Who has not parked gets none.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from guests.models import User
from notices import opt_outs, outgoing
from notices.models import Delivery, ToldOnce
from notices.models.delivery import Channel
from notices.scheduled import time_zones
from reservations import clock
from reservations.reports import parking_month
from reservations.reports.parking_month import MonthFigures
from reservations.rules import languages
from venues import hours
from venues.hours import Window

KIND = opt_outs.REPORT
LAST_DAY = 7
"""The day of the month until which a report that was not sent follows."""
USEFUL = timedelta(days=7)
"""How long a report may wait for a mail server."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Whether a person gets the report of a month, and why or why not, in English for operators."""

    user: User
    is_due: bool
    why: str


def sweep() -> int:
    """Adds the reports that are due. Returns how many. Opens a transaction for each batch."""
    now = clock.now()
    return sum(_send(first, now, only_due=True) for first in _months_that_may_be_due(now))


def send(first: date, *, only: Q | None = None) -> list[Judgement]:
    """Adds the reports of the month that begins on `first`, on whatever day, once for each person.

    `only` limits the people. Returns everybody who was judged. Opens a transaction for each batch.
    """
    now = clock.now()
    done: list[Judgement] = []
    for users in _batches(_people(first).filter(only or Q())):
        with transaction.atomic(durable=True):
            found = [_judged(user, first, now) for user in users]
            _add([one.user for one in found if one.is_due], first, now)
        done += found
    return done


def judged(first: date, *, only: Q | None = None) -> Iterator[Judgement]:
    """Yields what `send` would do, without doing it. Leaves out who was not in a lot."""
    now = clock.now()
    for users in _batches(_people(first).filter(only or Q())):
        for user in users:
            yield _judged(user, first, now)


def figures_of(user: User, first: date, at: datetime) -> MonthFigures:
    """Returns the figures of a person's month, by their own clock."""
    return parking_month.figures(user, first, time_zones.of(user), at=at)


def why_unwanted(user: User) -> str:
    """Returns why a person gets no reports, in English for operators; "" for who wants them."""
    if not user.monthly_report:
        return "does not want it"
    if not user.receive_email_updates:
        return "e-mail is switched off"
    if opt_outs.is_ended(opt_outs.letters_to(KIND, user.email, user)):
        return "unsubscribed"
    return ""


def _send(first: date, now: datetime, *, only_due: bool) -> int:
    count = 0
    untold = ~Exists(ToldOnce.objects.filter(user=OuterRef("pk"), kind=KIND, period=_period(first)))
    for users in _batches(_people(first).filter(untold)):
        due = [user for user in users if not only_due or _is_time(user, first, now)]
        with transaction.atomic(durable=True):
            wanted = [user for user in due if _judged(user, first, now).is_due]
            _add(wanted, first, now)
        count += len(wanted)
    return count


def _months_that_may_be_due(now: datetime) -> Sequence[date]:
    """The first days of the months that ended lately somewhere on Earth."""
    days = {(now + timedelta(hours=offset)).date() for offset in (-12, 0, 14)}
    return sorted({_month_before(day) for day in days if day.day <= LAST_DAY})


def _month_before(day: date) -> date:
    return (day.replace(day=1) - _DAY).replace(day=1)


def _is_time(user: User, first: date, now: datetime) -> bool:
    today = now.astimezone(time_zones.of(user)).date()
    return today.day <= LAST_DAY and _month_before(today) == first


def _people(first: date) -> QuerySet[User]:
    """Those who were in a lot in the month, in whatever zone."""
    window = hours.month(first, ZoneInfo(time_zones.DEFAULT))
    around = Window(window.start - _DAY, window.end + _DAY)
    stays = parking_month.parked_between(around).filter(guest=OuterRef("pk"))
    return languages.named(time_zones.named(User.objects.filter(Exists(stays), is_active=True)))


def _batches(people: QuerySet[User]) -> Iterator[list[User]]:
    last = 0
    while users := list(people.filter(pk__gt=last).order_by("pk")[: settings.SWEEP_BATCH]):
        yield users
        last = users[-1].pk


def _judged(user: User, first: date, now: datetime) -> Judgement:
    why = _why_not(user, first, now)
    return Judgement(user=user, is_due=not why, why=why or "has parked")


def _why_not(user: User, first: date, now: datetime) -> str:
    if unwanted := why_unwanted(user):
        return unwanted
    if ToldOnce.objects.filter(user=user, kind=KIND, period=_period(first)).exists():
        return "has it already"
    if now < hours.month(first, time_zones.of(user)).end:
        return "the month is not over"
    if not figures_of(user, first, now).bookings:
        return "nothing to tell"
    return ""


def _add(users: Iterable[User], first: date, now: datetime) -> None:
    people, period = list(users), _period(first)
    ToldOnce.objects.bulk_create(
        [ToldOnce(user=user, kind=KIND, period=period, at=now) for user in people],
        ignore_conflicts=True,
    )
    outgoing.add(_draft(user, period, now) for user in people)


def _draft(user: User, period: str, now: datetime) -> Delivery:
    return Delivery(
        kind=KIND,
        channel=Channel.MAIL,
        lane=Channel.MAIL,
        to=user.email,
        language=languages.of_user(user),
        user=user,
        dedupe=f"{KIND}:{user.pk}:{period}",
        data={"month": period},
        created_at=now,
        next_try_at=now,
        useful_until=now + USEFUL,
    )


def _period(first: date) -> str:
    return f"{first:%Y-%m}"
