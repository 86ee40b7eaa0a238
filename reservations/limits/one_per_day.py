"""Limits a client to one reservation with a unit on a local day, where the policy says so.

An account is one client. Whoever books without one counts as the client with the same phone number
or e-mail address; so does whom the desk books for, if the practice knows them.
Missed, cancelled and ended reservations do not count. Where a second replaces the first, a hold
gives way at once, and what is confirmed only when the second is confirmed too.

A phone number or an address that was typed proves nothing. What is confirmed gives way only to a
caller who could cancel it, or to the client's own account; for anybody else it stands, and the
second is refused without saying which reservation that is.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q
from django.utils.crypto import salted_hmac

from guests.callers import Caller
from guests.models import PracticeClient, User
from reservations.allocation import lapses, ledger
from reservations.errors import OnePerDay
from reservations.models import Reservation
from reservations.querysets import ReservationQuerySet
from reservations.rules import modes
from reservations.status import TO_COME, Status
from venues.models import Policy, Resource, Venue

_COUNTING = (*TO_COME, Status.PRESENT)

Cancel = Callable[[Reservation], None]


@dataclass(frozen=True, slots=True)
class _Client:
    """One person: the ids of their accounts, and the phones and addresses they are known by.

    `proven` are the ids of accounts that the caller has logged in to, or that staff or a partner
    named; `known` the phones and addresses that the practice itself entered for these.
    """

    accounts: frozenset[int]
    phones: frozenset[str]
    emails: frozenset[str]
    is_stranger: bool
    proven: frozenset[int]
    known: frozenset[str]

    def owns(self, row: Reservation) -> bool:
        """True when a reservation is certainly this person's, whoever asks."""
        if row.guest_id is not None:
            return row.guest_id in self.proven
        return bool({row.phone, row.email.lower()} - {""} & self.known)

    @property
    def rows(self) -> Q:
        contact = Q(phone__in=self.phones)
        for email in self.emails:
            contact |= Q(email__iexact=email)
        if not self.is_stranger:
            # Two accounts may share a phone, as in a family.
            contact &= Q(guest__isnull=True)
        return Q(guest_id__in=self.accounts) | contact


def claim(row: Reservation, unit: Resource, *, now: datetime, by: Caller, cancel: Cancel) -> None:
    """Claims the client's day for a drafted reservation with a locked unit.

    Sets `day_key`, and `replaces` where a confirmed reservation stays until this one is confirmed.
    Calls `cancel` on what gives way at once. Raises OnePerDay where the policy refuses a second,
    when the first has begun, or when it is confirmed and `by` may not give it up. Assumes a
    transaction and locks the earlier reservations.
    """
    policy = unit.venue.policy
    if policy.per_day == Policy.PerDay.ANY:
        return
    client = _client_of(row, unit.venue)
    if client is None:
        return
    others = _others(client, unit, row.starts_at, now=now)
    counting = [other for other in others if other.status_at(now) in _COUNTING]
    seen = _seen(counting, by)
    for other in counting:
        status = other.status_at(now)
        may_give_up = status is Status.HELD or other.pk in seen or client.owns(other)
        is_refused = policy.per_day == Policy.PerDay.REFUSE or status is Status.PRESENT
        if is_refused or not may_give_up:
            raise _refusal(other, seen)
        if status is Status.HELD or row.confirmed_at:
            cancel(other)
        else:
            row.replaces = other.pk
    _let_go(other for other in others if other not in counting)
    row.day_key = _shared_key(counting) or _key(unit, client, row)


def lock_with_rivals(reservation_id: int) -> None:
    """Locks a reservation together with those of its client's day, in order of id.

    Call it before the reservation is locked alone. Does nothing where no limit counts.
    """
    key = Reservation.objects.filter(pk=reservation_id).values_list("day_key", flat=True).first()
    if key is not None:
        ids = Reservation.objects.filter(_IN_USE, day_key=key).values_list("pk", flat=True)
        ledger.lock_reservations([*ids, reservation_id])


def give_up(reservation: Reservation, *, now: datetime, by: Caller, cancel: Cancel) -> None:
    """Calls `cancel` on what a locked hold replaces, now that it is confirmed.

    Assumes `lock_with_rivals`. Raises OnePerDay when the first has begun, or is not replaced.
    """
    if reservation.day_key is None:
        return
    rows = Reservation.objects.filter(
        _IN_USE, day_key=reservation.day_key, confirmed_at__isnull=False
    )
    found = rows.exclude(pk=reservation.pk).values_list("pk", flat=True)
    others = ledger.lock_reservations(found)
    lapses.release(others, now=now)
    for other in others:
        status = other.status_at(now)
        if status is Status.PRESENT or (status in TO_COME and other.pk != reservation.replaces):
            raise _refusal(other, _seen([other], by))
        if status in TO_COME:
            cancel(other)
    _let_go(other for other in others if other.status_at(now) not in _COUNTING)


def spent(
    venue: Venue, guest_id: int | None, *, now: datetime, moving: int | None = None
) -> set[tuple[int, date]]:
    """The units (by id) and local dates at a venue that take no further reservation of this guest.

    A reservation that a new one would replace does not count, unless one moves here: `moving` is
    the id of the reservation that a change would move. Empty where the policy sets no limit.
    """
    per_day = venue.policy.per_day
    if per_day == Policy.PerDay.ANY or guest_id is None:
        return set()
    rows = Reservation.objects.filter(
        guest_id=guest_id, venue=venue, day_key__isnull=False, cancelled_at__isnull=True
    )
    is_strict = per_day == Policy.PerDay.REFUSE or moving is not None
    standing = _COUNTING if is_strict else (Status.PRESENT,)
    return {
        _day_of(row.day_key or "")
        for row in rows.exclude(pk=moving or 0)
        if row.status_at(now) in standing
    }


def move(
    reservation: Reservation, unit: Resource, *, start: datetime, now: datetime, by: Caller
) -> None:
    """Claims the day that a locked reservation moves to; sets `day_key` and `replaces`.

    Does nothing where no limit counts. Raises OnePerDay when the client has another on that day.
    """
    if reservation.day_key is None:
        return
    client = _client_of(reservation, reservation.venue)
    if client is None:
        return
    found = _others(client, unit, start, now=now)
    others = [row for row in found if row.pk != reservation.pk]
    counting = [row for row in others if row.status_at(now) in _COUNTING]
    for row in counting:
        if reservation.pk != row.replaces and row.pk != reservation.replaces:
            raise _refusal(row, _seen([row], by))
    _let_go(row for row in others if row not in counting)
    if reservation.replaces not in {row.pk for row in counting}:
        reservation.replaces = None
    reservation.day_key = _shared_key(counting) or _key(unit, client, reservation, start)


def replaced_by(row: Reservation, now: datetime) -> Reservation | None:
    """The confirmed reservation that a hold replaces once it is confirmed; None without one.

    With its venue.
    """
    if row.replaces is None or row.status_at(now) is not Status.HELD:
        return None
    first = Reservation.objects.select_related("venue").filter(pk=row.replaces).first()
    return first if first is not None and first.status_at(now) in TO_COME else None


def replacing(row: Reservation, now: datetime) -> Reservation | None:
    """The hold that replaces a confirmed reservation once it is confirmed; None without one."""
    if row.day_key is None or row.status_at(now) not in TO_COME:
        return None
    rows = Reservation.objects.filter(_IN_USE, day_key=row.day_key, replaces=row.pk)
    return next((one for one in rows if one.status_at(now) is Status.HELD), None)


def still_free(reservation: Reservation) -> str | None:
    """The key of a locked reservation that is brought back; None where another has its day."""
    if reservation.day_key is None:
        return None
    rows = Reservation.objects.filter(_IN_USE, day_key=reservation.day_key)
    return None if rows.exclude(pk=reservation.pk).exists() else reservation.day_key


_IN_USE = Q(
    cancelled_at__isnull=True,
    expired_at__isnull=True,
    checked_out_at__isnull=True,
    completed_at__isnull=True,
    missed_at__isnull=True,
)
"""The rows that the two unique indexes hold together."""


def _seen(rows: Iterable[Reservation], by: Caller) -> set[int]:
    """The ids of those among these reservations that the caller may see, and so cancel."""
    found = Reservation.objects.visible_to(by).filter(pk__in=[row.pk for row in rows])
    return set(found.values_list("pk", flat=True))


def _refusal(row: Reservation, seen: Collection[int]) -> OnePerDay:
    """The refusal that names a reservation in the way to whoever may see it, to nobody else."""
    return OnePerDay(reservation=str(row.pk)) if row.pk in seen else OnePerDay()


def _client_of(row: Reservation, venue: Venue) -> _Client | None:
    """Who a reservation is for; None for a walk-in of whom nothing is known."""
    accounts = {row.guest_id} if row.guest_id is not None else set()
    phones, emails = {row.phone} - {""}, {row.email} - {""}
    if not (accounts or phones or emails):
        return None
    who = Q(user__in=accounts) if accounts else Q(phone__in=phones) | Q(email__in=emails)
    proven, known = frozenset(accounts), set()
    entered = PracticeClient.objects.filter(who, venue=venue)
    for account, phone, email in entered.values_list("user_id", "phone", "email"):
        if account in proven:
            known |= {phone, email.lower()}
        accounts.add(account)
        phones.add(phone)
        emails.add(email)
    for phone, email in User.objects.filter(pk__in=accounts).values_list("phone", "email"):
        phones.add(phone)
        emails.add(email)
    return _Client(
        accounts=frozenset(accounts),
        phones=frozenset(phones - {""}),
        emails=frozenset(emails - {""}),
        is_stranger=row.guest_id is None,
        proven=proven,
        known=frozenset(known - {""}),
    )


def _others(
    client: _Client, unit: Resource, start: datetime, *, now: datetime
) -> list[Reservation]:
    """The client's reservations with a unit on a local day, locked, lapsed ones left out.

    Records those among them that have lapsed.
    """
    day = start.astimezone(unit.zone).date()
    window = modes.days(day, day, unit.zone)
    rows: ReservationQuerySet = Reservation.objects.filter(
        _IN_USE,
        client.rows,
        venue=unit.venue_id,
        starts_at__gte=window.start,
        starts_at__lt=window.end,
        day_key__startswith=f"{unit.pk}:",
    )
    locked = ledger.lock_reservations(rows.values_list("pk", flat=True))
    lapses.release(locked, now=now)
    return [row for row in locked if not (row.expired_at or row.cancelled_at)]


def _let_go(rows: Iterable[Reservation]) -> None:
    """Takes the key from reservations that no longer count and that no sweep has recorded yet."""
    ids = [row.pk for row in rows]
    if ids:
        Reservation.objects.filter(_IN_USE, pk__in=ids).update(day_key=None)


def _shared_key(rows: Iterable[Reservation]) -> str | None:
    """The key of the client's other reservations, so that the indexes compare the two."""
    return next((row.day_key for row in rows if row.day_key), None)


def _key(unit: Resource, client: _Client, row: Reservation, start: datetime | None = None) -> str:
    # The local date of the unit. It is stored, so that a later change of zone moves nothing.
    day = (start or row.starts_at).astimezone(unit.zone).date().isoformat()
    if row.guest_id is not None:
        return f"{unit.pk}:{row.guest_id}:{day}"
    if client.accounts:
        return f"{unit.pk}:{min(client.accounts)}:{day}"
    return f"{unit.pk}:{_digest(row.phone or row.email.lower())}:{day}"


def _digest(contact: str) -> str:
    return salted_hmac("reservations.one_per_day", contact, algorithm="sha256").hexdigest()[:16]


def _day_of(key: str) -> tuple[int, date]:
    unit, _, day = key.split(":")
    return int(unit), date.fromisoformat(day)
