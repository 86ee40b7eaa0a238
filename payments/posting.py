"""Posts what the engine charges: prices, fees, and what managers adjusted or waived.

What a cancelling gives back follows in the same step.

Under the reservation's lock it compares the ledger with the reservation and posts the difference,
with the id of the newest event as key. It notes up to which event that is, so that nothing is
posted twice, and the sums come out the same in whatever order events are handed on.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import CharField, Exists, Max, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat

from payments import accounts, ledger
from payments.models import Entry, Kind, Posted
from payments.refunds import promises
from reservations.event_types import FEE_WAIVED, PRICE_ADJUSTED
from reservations.models import Event, Reservation
from reservations.pricing import owed, price_lines
from reservations.pricing.charges import LineKind
from reservations.transactions import in_transaction
from venues import scratch
from venues.models import Venue

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Charges:
    """What a reservation is charged, in minor units."""

    price_minor: int
    fee_minor: int


def post(event: Event) -> None:
    """Posts what a reservation is charged by now, and gives back what a cancelling owes.

    For the outbox: it writes rows of the ledger.

    A reservation that somebody changes at this moment is left: the event of that change posts it,
    or whoever reads the ledger.
    """
    if event.reservation_id is None or scratch.is_scratch(event.venue):
        return
    # A dispatch holds the locks of its whole batch, so it must not wait for any.
    rows = Reservation.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
    row = rows.select_related("category").filter(pk=event.reservation_id).first()
    if row is not None:
        settle(row)


def post_now(reservation_id: int) -> None:
    """Posts what waits of a reservation. Opens its own transaction. Raises Busy."""

    def posted() -> None:
        rows = Reservation.objects.select_for_update(no_key=True, of=("self",))
        settle(rows.select_related("category").get(pk=reservation_id))

    row = Reservation.objects.select_related("category").get(pk=reservation_id)
    if is_waiting(row):
        in_transaction(posted)


def post_waiting(
    *,
    venue: Venue | None = None,
    since: datetime | None = None,
    cancelled_since: datetime | None = None,
) -> None:
    """Posts what waits of a venue or of all, with events since an instant (UTC) or ever.

    `cancelled_since` leaves those alone that were not cancelled since then after a payment. Opens
    transactions of its own. Raises Busy.
    """
    rows = Reservation.objects.select_related("category", "venue").order_by("pk")
    if cancelled_since is not None:
        rows = rows.filter(cancelled_at__gte=cancelled_since, paid_minor__gt=0)
    if since is not None:
        events = Event.objects.filter(reservation__isnull=False, recorded_at__gte=since)
        rows = rows.filter(pk__in=events.values("reservation"))
    if venue is not None:
        rows = rows.filter(venue=venue)
    for pk in _waiting(rows):
        post_now(pk)


def settle(row: Reservation) -> None:
    """Posts what waits of a reservation. Assumes its lock. Repeated, it adds nothing."""
    last = Event.objects.filter(reservation=row).order_by("-pk").first()
    posted = Posted.objects.filter(reservation=row).first()
    # What changes without an event is damage: it is not posted, and `doctor` tells of it.
    if last is None or (posted is not None and posted.event_id >= last.pk):
        return
    for event in _adjustments([row.pk]):
        _adjust(row, event)
    charged = charges(row, last.recorded_at)
    _bring(row, last, "", parts(row, charged.price_minor) | {accounts.FEES: charged.fee_minor})
    promises.follow(row, posted.event_id if posted else 0)
    Posted.objects.update_or_create(reservation=row, defaults={"event_id": last.pk})


def charges(row: Reservation, at: datetime) -> Charges:
    """What a reservation is charged as its facts are at `at` (UTC); nothing for a mere hold."""
    fee = owed.fee_due(row, at)
    is_sold = row.confirmed_at is not None or row.checked_in_at is not None
    return Charges(owed.owed(row, at) - fee if is_sold else 0, fee)


def parts(row: Reservation, price_minor: int) -> dict[str, int]:
    """What of a price belongs to each account: the taxes to theirs, the rest to what earned it.

    They add up to the price. Reads the reservation's category.
    """
    found = {accounts.revenue(row.category.code): 0}
    lines = price_lines.of(row, row.venue, row.category, price_minor) if price_minor else []
    for line in (line for line in lines if line.is_added):
        is_tax = line.kind is LineKind.TAX
        earned = accounts.revenue(line.code or row.category.code)
        account = accounts.tax(line.code) if is_tax else earned
        found[account] = found.get(account, 0) + line.amount_minor
        for code, within in (line.taxes or {}).items():
            found[accounts.tax(code)] = found.get(accounts.tax(code), 0) + within
            found[account] -= within
    return found


def is_waiting(row: Reservation) -> bool:
    """True when something of the reservation is not posted yet. Takes no lock."""
    return bool(_waiting_among([row]))


def _waiting(rows: QuerySet[Reservation]) -> Iterator[int]:
    last = 0
    while part := list(rows.filter(pk__gt=last)[:_BATCH]):
        last = part[-1].pk
        yield from _waiting_among([row for row in part if not scratch.is_scratch(row.venue)])


def _waiting_among(rows: Sequence[Reservation]) -> list[int]:
    """Returns the ids of those of which something is not posted yet. Two queries."""
    ids = [row.pk for row in rows]
    events = Event.objects.filter(reservation__in=ids).order_by()
    last = dict(events.values_list("reservation").annotate(Max("pk")))
    posted = dict(Posted.objects.filter(reservation__in=ids).values_list("pk", "event_id"))
    return [pk for pk in ids if pk in last and posted.get(pk, 0) < last[pk]]


def _adjustments(reservation_ids: Collection[int]) -> QuerySet[Event]:
    """Returns the events of amounts that a manager put right and that are not posted, in order."""
    names = (PRICE_ADJUSTED.name, FEE_WAIVED.name)
    key = Concat(Value("event:"), Cast(OuterRef("pk"), CharField()))
    found = Event.objects.filter(
        reservation__in=reservation_ids,
        name__in=names,
        data__has_any_keys=["before_minor", "fee_minor"],
    )
    return found.filter(~Exists(Entry.objects.filter(key=key))).order_by("pk")


def _adjust(row: Reservation, event: Event) -> None:
    """Posts an adjustment on top of what was charged before it."""
    if event.name == FEE_WAIVED.name:
        before, account, kind = event.data["fee_minor"], accounts.FEES, Kind.WAIVER
        change = -before
    else:
        before, account = event.data["before_minor"], accounts.revenue(row.category.code)
        change, kind = event.data["after_minor"] - before, Kind.ADJUSTMENT
    others = sum(_others(row, account).values()) if account != accounts.FEES else 0
    _bring(row, event, ":before", {account: before - others}, clears=False)
    ledger.add(
        row,
        kind,
        between=(accounts.GUEST, account),
        amount_minor=change,
        key=f"event:{event.pk}",
        at=event.at,
        by=event.by,
        by_kind=event.by_kind,
    )


def _cleared(sums: Mapping[str, int]) -> dict[str, int]:
    """Returns the accounts of the price, of which another category or tax leaves nothing."""
    return dict.fromkeys(filter(accounts.is_of_price, sums), 0)


def _others(row: Reservation, account: str) -> dict[str, int]:
    """What is on the other accounts of the price."""
    sums = ledger.nets([row.pk])[row.pk]
    return {
        name: net for name, net in sums.items() if accounts.is_of_price(name) and name != account
    }


def _bring(
    row: Reservation, event: Event, mark: str, targets: Mapping[str, int], *, clears: bool = True
) -> None:
    """Posts what the accounts lack of the targets.

    Those of the price that have none are emptied, unless `clears` is False.
    """
    sums = ledger.nets([row.pk])[row.pk]
    wanted = dict(targets)
    if clears:
        wanted = _cleared(sums) | wanted
    for account, target in wanted.items():
        key = f"event:{event.pk}:{account}{mark}"
        change = target - sums.get(account, 0)
        if change:
            ledger.add(
                row,
                Kind.FEE if account == accounts.FEES else Kind.PRICE,
                between=(accounts.GUEST, account),
                amount_minor=change,
                key=key,
                at=event.at,
                by=event.by,
                by_kind=event.by_kind,
            )
