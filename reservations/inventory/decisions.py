"""Carries out what staff decide on reservations that stand in time that they close."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from guests.callers import Caller
from reservations.allocation import ledger
from reservations.corrections import rest_releases
from reservations.corrections.rest_releases import Release, RestCharge
from reservations.errors import Refusal
from reservations.inventory import affected_reservations
from reservations.inventory.affected_reservations import Affected
from reservations.lifecycle import cancellations, modifications
from reservations.requests import Change, Reprice, Times
from reservations.rules import permissions
from reservations.status import Status


class Outcome(StrEnum):
    """What becomes of a reservation in time that is closed."""

    KEEP = "keep"
    """It stays where it is, outside the hours or within the closure."""
    MOVE = "move"
    """It gets another unit or another time, at the price as sold."""
    CANCEL = "cancel"
    """The venue cancels it, without a fee."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of a reservation that staff saw in this `version`.

    For a move: `times`, and the id of a unit or the code of a category, each None for what it has.
    """

    outcome: Outcome
    version: int
    times: Times | None = None
    resource: int | None = None
    category: str | None = None


Decisions = Mapping[int, Decision]
"""By id of the reservation."""


def judge_same(
    affected: Sequence[Affected], decisions: Decisions, *, optional: Collection[int] = ()
) -> None:
    """Raises ReservationsAffected unless these are the reservations that staff decided on.

    Those in `optional` (ids) need no decision.
    """
    found = {one.reservation.pk: one.reservation.version for one in affected}
    is_same = all(found.get(pk) == one.version for pk, one in decisions.items())
    if not is_same:
        raise affected_reservations.refusal(affected, is_changed=True)
    if found.keys() - decisions.keys() - set(optional):
        raise affected_reservations.refusal(affected, is_changed=bool(decisions))


def carry_out(
    affected: Sequence[Affected],
    decisions: Decisions,
    *,
    reason: str,
    by: Caller,
    avoid: frozenset[int] = frozenset(),
) -> set[int]:
    """Cancels and moves as decided. Returns the ids of those that are kept.

    `avoid` are the units (ids) that are being closed: nobody is moved there, unless by name.
    Assumes a transaction, and that all units of the venue are locked. Raises Invalid without a
    reason, or the Refusal of the first that cannot be moved or cancelled, with its code in `about`.
    """
    decided = [(one, decisions[one.reservation.pk]) for one in affected if _is_in(one, decisions)]
    changing = [(one, made) for one, made in decided if made.outcome is not Outcome.KEEP]
    if changing:
        venue_id = changing[0][0].reservation.venue_id
        reason = permissions.judge_reason(venue_id, reason, by)
        ledger.lock_reservations(one.reservation.pk for one, _ in changing)
    # What is cancelled makes room for those that move.
    for one, made in sorted(changing, key=lambda pair: pair[1].outcome is Outcome.MOVE):
        try:
            if made.outcome is Outcome.CANCEL:
                _cancel(one, reason, by)
            else:
                _move(one, made, reason, by, avoid)
        except Refusal as fault:
            fault.facts.setdefault("about", one.reservation.code)
            raise
    return {one.reservation.pk for one, made in decided if made.outcome is Outcome.KEEP}


def _is_in(one: Affected, decisions: Decisions) -> bool:
    return one.reservation.pk in decisions


def _cancel(one: Affected, reason: str, by: Caller) -> None:
    if one.status is Status.NO_SHOW:
        # Nobody comes any more, and what was owed stays owed.
        release = Release(charge=RestCharge.ALL, reason=reason)
        rest_releases.release_rest(one.reservation.pk, release, by=by)
        return
    cancellations.cancel_for_venue(one.reservation.pk, reason=reason, by=by)


def _move(one: Affected, made: Decision, reason: str, by: Caller, avoid: frozenset[int]) -> None:
    category = made.category or one.reservation.category.code
    change = Change(
        times=made.times,
        resource=made.resource,
        # Named too, so that a promised unit is given up.
        category=None if made.resource is not None else category,
        reprice=Reprice.KEEP,
        accept_fee=False,
        reason=reason,
        avoid=avoid,
        is_judged_anew=True,
    )
    modifications.modify(one.reservation.pk, change, by=by)
