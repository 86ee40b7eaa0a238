"""Erases a person for good: their account, and all that names them in reservations."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from guests import accounts, sessions, traces
from guests.callers import Caller
from guests.models import User
from reservations import clock
from reservations.errors import OpenStay
from reservations.lifecycle import cancellations
from reservations.models import DataLink, Reservation, StoredAnswer
from reservations.privacy import blanks, rooms, subjects
from reservations.privacy.rooms import PersonalRows
from reservations.privacy.subjects import DataSubject
from reservations.status import TO_COME, Status
from reservations.transactions import in_transaction

audit = logging.getLogger("audit")

_ENDED = (Status.LEFT, Status.NO_SHOW, Status.EXPIRED, Status.CANCELLED)


def erase_person(user: User, *, by: Caller) -> Mapping[str, int]:
    """Erases a person who is signed in. Returns and raises as `erase` does."""
    return erase(subjects.of_user(user), by=by)


def erase(person: DataSubject, *, by: Caller) -> Mapping[str, int]:
    """Erases a person, and cancels their future reservations first.

    Returns how many rows or files of each kind were changed or deleted. Raises OpenStay during a
    stay, or LastAdministrator, with nothing changed. Locks the accounts and reservations: a
    concurrent booking of an account is erased too, or finds no account when it commits.
    """
    # Before any lock is held: it reads every session there is.
    keys = sessions.keys_of(person.user_ids, person.words)

    def erased() -> tuple[dict[str, int], list[str]]:
        users = _locked(person)
        if person.user_ids and not users and not person.words:
            return {}, []
        for user in users:
            accounts.judge_erasure(user)
        found = _erase_reservations(person, by=by)
        counts, codes = found
        counts["stored answers"] += StoredAnswer.objects.filter(guest__in=users).delete()[0]
        for user in users:
            for name, count in accounts.erase(user).items():
                counts[name] = counts.get(name, 0) + count
        counts["links to data"] = _links_of(person).delete()[0]
        counts["browsers"] = sessions.end(keys)
        return counts, codes

    counts, codes = in_transaction(erased)
    counts["letters in files"] = traces.delete_letters({*person.words, *codes})
    traces.overwrite_freed_pages()
    audit.info("person.erased", extra={"by": by.name, "by_kind": by.kind, "counts": counts})
    return counts


def preview(person: DataSubject) -> dict[str, int]:
    """Returns what `erase` would count. Changes nothing."""
    users = person.accounts()
    rows = [*_rows(person, clock.now())]
    held = rooms.rows_of(person, [row.pk for row in rows])
    counts = blanks.count(held, by_names=_names(person))
    counts["stored answers"] += StoredAnswer.objects.filter(guest__in=users).count()
    for user in users:
        for name, count in accounts.count(user).items():
            counts[name] = counts.get(name, 0) + count
    counts["links to data"] = _links_of(person).count()
    counts["browsers"] = len(sessions.keys_of(person.user_ids, person.words))
    words = {*person.words, *(row.code for row in rows)}
    counts["letters in files"] = len(traces.letters(words))
    return counts


def erase_guest(*, user_id: int, by: Caller) -> int:
    """Cancels a person's future reservations and blanks the person in all. Returns how many.

    Opens its own transaction. Raises OpenStay, with nothing changed, while the person is in a stay.
    """
    person = DataSubject(user_ids=frozenset({user_id}))

    def erased() -> int:
        StoredAnswer.objects.filter(guest_id=user_id).delete()
        return _erase_reservations(person, by=by)[0]["reservations"]

    return in_transaction(erased)


def blank(user_id: int) -> int:
    """Overwrites the person in their reservations, and deletes their stored answers.

    Returns how many.
    """
    with transaction.atomic():
        StoredAnswer.objects.filter(guest_id=user_id).delete()
        ids = list(Reservation.objects.filter(guest_id=user_id).values_list("pk", flat=True))
        return blanks.blank(PersonalRows(reservation_ids=ids))["reservations"]


def _erase_reservations(person: DataSubject, *, by: Caller) -> tuple[dict[str, int], list[str]]:
    """Cancels and blanks. Returns counts, and the codes of the reservations."""
    now = clock.now()
    rows = _rows(person, now, is_locked=True)
    statuses = {row.pk: row.status_at(now) for row in rows}
    if Status.PRESENT in statuses.values():
        raise OpenStay
    # A change made a moment ago must not keep anybody from leaving.
    system = replace(by, kind="system", venue_ids=None)
    for pk, status in statuses.items():
        if status in TO_COME:
            cancellations.cancel(pk, by=system)
    held = rooms.rows_of(person, list(statuses))
    counts = blanks.blank(held, by_names=[by.name, *_names(person)])
    return counts, [row.code for row in rows]


def _rows(person: DataSubject, now: datetime, *, is_locked: bool = False) -> list[Reservation]:
    """Returns the reservations to blank, in the order in which rows are locked."""
    over = person.twin_reservations().in_one_of(_ENDED, at=now).values("pk")
    ids = person.reservations().values("pk")
    rows = Reservation.objects.filter(Q(pk__in=ids) | Q(pk__in=over)).order_by("pk")
    return list(rows.select_for_update(no_key=True, of=("self",)) if is_locked else rows)


def _links_of(person: DataSubject) -> QuerySet[DataLink]:
    numbers = person.phones | person.texted
    return DataLink.objects.filter(Q(email__in=person.emails) | Q(phone__in=numbers - {""}))


def _names(person: DataSubject) -> list[str]:
    return [f"user:{pk}" for pk in sorted(person.user_ids)]


def _locked(person: DataSubject) -> list[User]:
    """Locks the accounts; all administrators at once, so that the last two cannot both go."""
    who = Q(pk__in=person.user_ids)
    if User.objects.filter(who, role=User.Role.ADMINISTRATOR).exists():
        who |= Q(role=User.Role.ADMINISTRATOR)
    locked = User.objects.select_for_update().filter(who).order_by("pk")
    return [user for user in locked if user.pk in person.user_ids]
