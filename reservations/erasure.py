"""What reservations hold about a person: handed out whole, or blanked for good."""

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
    """Everything held about a person: the row itself, what hangs on it, and reservations."""
    return {**accounts.export(user), "reservations": export_guest(user.pk)}


def export_guest(user_id: int) -> list[dict[str, Any]]:
    """Every reservation of a person with all that is held of it, oldest first."""
    rows = Reservation.objects.filter(guest_id=user_id).order_by("pk")
    return [
        {
            "venue": slug,
            **{name: value for name, value in row.items() if name not in ("venue_id", "guest_id")},
        }
        for row, slug in zip(rows.values(), rows.values_list("venue__slug", flat=True), strict=True)
    ]


def erase_person(user: User, *, by: Caller) -> None:
    """Erase a person altogether. Raises OpenStay or LastAdministrator, with nothing changed.

    Under their lock: a booking of theirs that is on its way is found here, or finds nobody to
    book for when it commits.
    """

    def erased() -> None:
        if not _is_locked(user):
            return
        accounts.judge_erasure(user)
        _erase_guest(user.pk, by=by)
        accounts.erase(user)

    in_transaction(erased)


def erase_guest(*, user_id: int, by: Caller) -> int:
    """Cancel what is to come and blank the person in every reservation; returns how many.

    Raises OpenStay, with nothing changed, while the person is in a stay.
    """
    return in_transaction(lambda: _erase_guest(user_id, by=by))


def _erase_guest(user_id: int, *, by: Caller) -> int:
    now = clock.now()
    # A change made a moment ago must not keep anybody from leaving.
    by = replace(by, kind="system", venue_ids=None)
    rows = Reservation.objects.filter(guest_id=user_id)
    if rows.in_status(Status.PRESENT, at=now).exists():
        raise OpenStay
    to_come = rows.in_one_of(TO_COME, at=now).order_by("pk")
    for pk in list(to_come.values_list("pk", flat=True)):
        cancellations.cancel(pk, by=by)
    return blank(user_id)


def blank(user_id: int) -> int:
    """Overwrite the person in their reservations and drop the answers kept for repeats."""
    with transaction.atomic():
        StoredAnswer.objects.filter(guest_id=user_id).delete()
        return Reservation.objects.filter(guest_id=user_id).update(**_BLANK)


def _is_locked(user: User) -> bool:
    """Lock the person; administrators together, so that the last two do not both go."""
    who = Q(pk=user.pk)
    if user.role == User.Role.ADMINISTRATOR:
        who |= Q(role=User.Role.ADMINISTRATOR)
    locked = User.objects.select_for_update().filter(who).order_by("pk")
    return user.pk in {one.pk for one in locked}
