"""Lets the reservations of an account follow its e-mail address.

Whoever changes the address calls this in that transaction, under the lock of the account.
"""

from guests import emails
from guests.callers import Caller
from reservations import clock, events
from reservations.event_types import MODIFIED
from reservations.models import Reservation
from reservations.records import save
from reservations.status import TO_COME, Status

_FOLLOWS = (*TO_COME, Status.PRESENT)


def follow(user_id: int, *, before: str, after: str, by: Caller) -> list[int]:
    """Moves what is to come, or going on, from one address of an account to another.

    These are the reservations that were made with that address, or with none: their letters go to
    the account's. Each gets a new version and an event, so that letters and calendars follow.
    Returns their ids. Assumes a transaction that has the account's lock.
    """
    old, new = emails.fold(before), emails.fold(after)
    if not old or old == new:
        return []
    now = clock.now()
    rows = Reservation.objects.filter(guest=user_id, email__in=("", old, before))
    rows = rows.in_one_of(_FOLLOWS, at=now).select_related("venue__policy", "category")
    moved = list(rows.order_by("pk").select_for_update(no_key=True, of=("self",)))
    for row in moved:
        if row.email:
            row.email = new
        save(row, "email")
        told = MODIFIED({"changed": {"email": {"from": old, "to": new}}})
        events.record(row, told, at=now, by=by)
    return [row.pk for row in moved]
