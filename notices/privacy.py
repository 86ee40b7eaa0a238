"""The room of deliveries: takes a person out of them, and tells the person what was sent."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import orjson
from django.db import transaction
from django.db.models import CharField, Exists, F, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat

from guests import traces
from notices import opt_outs
from notices.letters.kinds import TO_VENUE
from notices.models import Attempt, Delivery
from notices.models.delivery import Channel, DeliveryQuerySet, Outcome
from notices.scheduled import erasure_notices
from notices.senders import message_files
from reservations import clock
from reservations.privacy.rooms import PersonalRows

ERASED = "erased"

_CHUNK = 500
_EXPORTED = ("kind", "channel", "to", "language", "created_at", "done_at", "outcome")
# What a webhook tells of a guest, where its receiver asked for the whole reservation.
_FAT = "reservation"


class Deliveries:
    """Letters and texts of a person lose their receiver, and those that wait are dropped.

    Webhooks stay, without what they tell of the guest.
    """

    def keep(self) -> Q:
        """Returns those that a letter or text is to be sent about, or whose guest is told first."""
        waiting = Delivery.objects.waiting().exclude(channel=Channel.WEBHOOK)
        useful = waiting.filter(reservation=OuterRef("pk"), useful_until__gt=clock.now())
        return Q(Exists(useful)) | erasure_notices.kept()

    def blank(self, rows: PersonalRows) -> dict[str, int]:
        """Blanks deliveries and what the receivers answered. Returns how many deliveries."""
        counts = self.count(rows)
        _delete_files(rows)
        erasure_notices.forget(rows.reservation_ids)
        opt_outs.forget(rows.user_ids)
        for found in _parts(rows):
            _thin_webhooks(found.filter(channel=Channel.WEBHOOK))
            told = found.exclude(channel=Channel.WEBHOOK)
            Attempt.objects.filter(delivery__in=told.values("pk")).update(detail="")
            told.waiting().update(done_at=clock.now(), outcome=Outcome.DROPPED, claimed_by="")
            # The key names the receiver too. It stays unique.
            key = Concat(Value(f"{ERASED}:"), Cast("pk", CharField()))
            told.update(
                to=ERASED, lane=ERASED, dedupe=key, data={}, body="", message_id="", user=None
            )
        return counts

    def count(self, rows: PersonalRows) -> dict[str, int]:
        """Returns how many letters and texts there are that `blank` has not blanked."""
        ids: set[int] = set()
        for found in _parts(rows):
            named = found.exclude(channel=Channel.WEBHOOK).exclude(to=ERASED)
            ids.update(named.values_list("pk", flat=True))
        return {"deliveries": len(ids)}

    def export(self, rows: PersonalRows) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Returns which letters and texts were sent to the person, oldest first."""
        told = {}
        for found in _parts(rows):
            # What the venue itself was told is not the person's.
            mine = found.exclude(channel=Channel.WEBHOOK).exclude(data__has_key=TO_VENUE)
            values = mine.values("pk", *_EXPORTED, venue_slug=F("venue__slug"))
            told.update({row.pop("pk"): row for row in values})
        return {"deliveries": [told[pk] for pk in sorted(told)]}


def _parts(rows: PersonalRows) -> list[DeliveryQuerySet]:
    """Returns what is about the reservations, in parts, and what went to the person otherwise."""
    ids = rows.reservation_ids
    found = [
        Delivery.objects.filter(reservation__in=ids[begin : begin + _CHUNK])
        for begin in range(0, len(ids), _CHUNK)
    ]
    if rows.user_ids:
        found.append(Delivery.objects.filter(user__in=rows.user_ids))
    if rows.words:
        found.append(Delivery.objects.filter(to__in=rows.words))
    return found


def _delete_files(rows: PersonalRows) -> None:
    """Deletes, after the commit, files of what went to the accounts and is about no reservation.

    Erasure finds the others by what they say: a code, or an address that was proven.
    """
    mine = Delivery.objects.filter(user__in=rows.user_ids, reservation=None)
    known = mine.exclude(channel=Channel.WEBHOOK).exclude(to__in=rows.words)
    words, names = [], []
    for pk, kind, channel in known.values_list("pk", "kind", "channel"):
        words += [f"Message-ID: <{pk}.{kind}{end}" for end in ".@"]
        names.append(message_files.name_of(channel, pk))
    transaction.on_commit(partial(traces.delete_letters, words), robust=True)
    for name in names:
        transaction.on_commit(partial(message_files.delete, name), robust=True)


def without_reservation(body: str) -> str:
    """Returns the text of a webhook without the whole reservation, if it holds one."""
    if f'"{_FAT}"' not in body:
        return body
    told = orjson.loads(body)
    is_fat = told.get("data", {}).pop(_FAT, None) is not None
    return orjson.dumps(told).decode() if is_fat else body


def _thin_webhooks(found: DeliveryQuerySet) -> None:
    changed = []
    for row in found.filter(body__contains=f'"{_FAT}"'):
        thin = without_reservation(row.body)
        if thin != row.body:
            row.body = thin
            changed.append(row)
    Delivery.objects.bulk_update(changed, ["body"])
    # A receiver may have answered with what it was sent.
    Attempt.objects.filter(delivery__in=changed).update(detail="")
