"""Exports what reservations hold about a person, and erases it."""

from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models import Q

from guests import accounts
from guests.callers import Caller
from guests.models import User
from reservations import clock
from reservations.errors import OpenStay
from reservations.lifecycle import cancellations
from reservations.models import Reservation, StoredAnswer
from reservations.rules import guest_fields
from reservations.status import TO_COME, Status
from reservations.transactions import in_transaction

ERASED_NAME = "Erased"
ERASED_PHONE = ""

_BLANK: dict[str, Any] = {
    **dict.fromkeys(guest_fields.PREFERENCES, False),
    **dict.fromkeys(("email", *guest_fields.EXTRAS), ""),
    "first_name": ERASED_NAME,
    "last_name": ERASED_NAME,
    "phone": ERASED_PHONE,
    "held_from": None,
    "guest": None,
}


def export_person(user: User) -> dict[str, Any]:
    """Everything held about a person: the account with its rows, and all reservations."""
    return {**accounts.export(user), "reservations": export_guest(user.pk)}


def export_guest(user_id: int) -> list[dict[str, Any]]:
    """Every reservation of a person by user id, with all its columns, oldest first; [] for none."""
    rows = Reservation.objects.filter(guest_id=user_id).order_by("pk")
    return [
        {
            "venue": slug,
            **{name: value for name, value in row.items() if name not in ("venue_id", "guest_id")},
        }
        for row, slug in zip(rows.values(), rows.values_list("venue__slug", flat=True), strict=True)
    ]


def erase_person(user: User, *, by: Caller) -> None:
    """Erases a person: account and reservations. Raises OpenStay or LastAdministrator.

    Opens its own transaction and locks the person. A booking of theirs in progress is either found
    here, or finds no account when it commits. A refusal changes nothing.
    """

    def erased() -> None:
        if not _is_locked(user):
            return
        accounts.judge_erasure(user)
        _erase_guest(user.pk, by=by)
        accounts.erase(user)

    in_transaction(erased)


def erase_guest(*, user_id: int, by: Caller) -> int:
    """Cancels a person's future reservations and blanks the person in all. Returns how many.

    Opens its own transaction. Raises OpenStay, with nothing changed, while the person is in a stay.
    """
    return in_transaction(lambda: _erase_guest(user_id, by=by))


def _erase_guest(user_id: int, *, by: Caller) -> int:
    now = clock.now()
    # As the system, since the limit of state changes must not prevent an erasure.
    by = replace(by, kind="system", venue_ids=None)
    rows = Reservation.objects.filter(guest_id=user_id)
    if rows.in_status(Status.PRESENT, at=now).exists():
        raise OpenStay
    to_come = rows.in_one_of(TO_COME, at=now).order_by("pk")
    for pk in list(to_come.values_list("pk", flat=True)):
        cancellations.cancel(pk, by=by)
    return blank(user_id)


def blank(user_id: int) -> int:
    """Overwrites the person in their reservations, and deletes their stored answers.

    Returns how many.
    """
    with transaction.atomic():
        StoredAnswer.objects.filter(guest_id=user_id).delete()
        return Reservation.objects.filter(guest_id=user_id).update(**_BLANK)


def _is_locked(user: User) -> bool:
    """Locks the person; False when they are gone already.

    Locks all administrators together, so that the last two cannot both leave.
    """
    who = Q(pk=user.pk)
    if user.role == User.Role.ADMINISTRATOR:
        who |= Q(role=User.Role.ADMINISTRATOR)
    locked = User.objects.select_for_update().filter(who).order_by("pk")
    return user.pk in {one.pk for one in locked}
