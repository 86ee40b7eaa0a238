"""The engine's refusals, one small exception each. The docstring is the message to the caller."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.utils.translation import gettext


class Refusal(Exception):
    """The request was refused."""

    code: ClassVar[str] = "refused"

    asked: Any = None
    """The `allocation.ask.Ask` that was refused, or None.

    The search for alternatives starts from it.
    """

    member: Any = None
    """The `Reservation` of a group that stands against a verb on the group, or None."""

    number: int | None = None
    """Which booking of a group was refused, counted from 0; None where all of them were."""

    def __init__(self, detail: str = "", **facts: Any) -> None:
        """`detail` replaces the docstring. `facts` go to the caller beside it."""
        self.detail = detail or gettext(" ".join((self.__doc__ or "").split()))
        self.facts = facts
        super().__init__(self.detail)


class NotFound(Refusal):
    """This does not exist, or is not yours. Check the id."""

    code = "not_found"


class Forbidden(Refusal):
    """Your role or API key does not allow this."""

    code = "forbidden"


class Invalid(Refusal):
    """A value is not valid. `field` names it."""

    code = "validation_error"

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail, field=field)
        self.field = field


class TooSoon(Refusal):
    """The start is in the past, or nearer than the venue's notice. Choose a later start."""

    code = "too_soon"


class TooFar(Refusal):
    """The venue does not take reservations this far ahead. Choose an earlier start."""

    code = "too_far"


class TooShort(Refusal):
    """The venue does not take reservations this short. Choose a later end."""

    code = "too_short"


class TooLong(Refusal):
    """The venue does not take reservations this long. Choose an earlier end."""

    code = "too_long"


class Closed(Refusal):
    """The venue or the unit is not open for all of this time. Choose another time."""

    code = "closed"


class NotOffered(Refusal):
    """The venue sells nothing that starts and ends at these times. Choose times that it offers."""

    code = "not_offered"


class PartyTooLarge(Refusal):
    """No unit or combination of units here takes a party of this size. Choose another category, or
    make several reservations.
    """

    code = "party_too_large"


class NoChoice(Refusal):
    """This venue chooses the unit. Leave the unit out."""

    code = "no_choice"


class Taken(Refusal):
    """This time is taken by a confirmed reservation or a closure. Choose another time or unit."""

    code = "taken"


class HeldByOther(Refusal):
    """Another guest holds this time and has not confirmed yet. Choose another time or unit, or try
    again later.
    """

    code = "held_by_other"

    def __init__(self, frees_at: datetime) -> None:
        super().__init__(may_free_at=frees_at)


class Occupied(Refusal):
    """The guest before has not left this unit yet. Choose another unit, check that guest out, or
    come back later.
    """

    code = "occupied"

    def __init__(self, *, unit: dict[str, Any], since: datetime) -> None:
        """`unit` has the id, name and floor of the unit; `since` is the guest's arrival on it."""
        super().__init__(unit=unit, since=since, until=None)


class QuoteExpired(Refusal):
    """The quote has expired, or is for something else. Use the new one in `quote`."""

    code = "quote_expired"


class ReferenceUsed(Refusal):
    """You gave this reference to another reservation already. Its id is in `id`."""

    code = "reference_used"

    def __init__(self, reservation_id: int) -> None:
        super().__init__(id=str(reservation_id))


class OnePerDay(Refusal):
    """This client already has a reservation with this provider on that day. Cancel it, or choose
    another day.
    """

    code = "one_per_day"


class TooManyHolds(Refusal):
    """You have reached the limit of open holds. Confirm or cancel one, or wait until one
    expires.
    """

    code = "too_many_holds"

    def __init__(self, *, per: str, open_now: int, limit: int, frees_at: datetime | None) -> None:
        told: dict[str, Any] = {"may_free_at": frees_at} if frees_at else {}
        super().__init__(per=per, open=open_now, limit=limit, **told)


class TooManyReservations(Refusal):
    """You have reached the limit of reservations to come that are not paid. Pay or cancel one, or
    wait until one is over.
    """

    code = "too_many_reservations"

    def __init__(self, *, per: str, unpaid: int, limit: int) -> None:
        super().__init__(per=per, unpaid=unpaid, limit=limit)


class HoldExpired(Refusal):
    """The hold has expired, and somebody else may have the time. Make a new reservation."""

    code = "hold_expired"


class WrongStatus(Refusal):
    """The status of this reservation does not allow this. Read it again."""

    code = "wrong_status"


class PaymentRequired(Refusal):
    """This must be paid, or a card stored, before it is confirmed."""

    code = "payment_required"

    def __init__(self, reservation_id: int, *, needs_guarantee: bool, **facts: Any) -> None:
        super().__init__(**facts, needs_guarantee=needs_guarantee)
        self.reservation_id = reservation_id


class FeeApplies(Refusal):
    """Cancelling is no longer free, and this change gives up something that was sold. It costs the
    fee in `fee`. Send it again with `accept_fee: true` to accept that.
    """

    code = "fee_applies"


class ChangedMeanwhile(Refusal):
    """The reservation has changed since you read it. Read it again and repeat your change."""

    code = "precondition_failed"


class RateLimited(Refusal):
    """This reservation was changed a moment ago. Wait before you change it again."""

    code = "rate_limited"

    def __init__(self, retry_after: timedelta, *, count: int, period: timedelta) -> None:
        super().__init__()
        self.retry_after = retry_after
        self.count = count
        self.period = period


class InProgress(Refusal):
    """A request with this Idempotency-Key is still running. Repeat it in a moment."""

    code = "in_progress"


class KeyReused(Refusal):
    """This Idempotency-Key was used for a different request. Use a new key."""

    code = "idempotency_key_reused"


class LotInUse(Refusal):
    """Some spots are taken or reserved. You can remove only empty spots."""

    code = "lot_in_use"


class VenueInUse(Refusal):
    """Current or future reservations depend on this. Wait until they are over, or move or cancel
    them.
    """

    code = "venue_in_use"


class NoStay(Refusal):
    """You can review a venue after a stay there has ended."""

    code = "no_stay"


class ReservationsAffected(Refusal):
    """Reservations stand in the time that this closes. Say for each whether it is kept, moved or
    cancelled.
    """

    code = "reservations_affected"

    affected: Any = ()
    """All of them, as `inventory.affected_reservations.Affected`; `reservations` names some."""


class AlreadyEntered(Refusal):
    """This practice has a provider with this e-mail address or phone number. Use that one."""

    code = "already_entered"


class OpenStay(Refusal):
    """The guest's stay has not ended. Erase after it has."""

    code = "open_stay"


class Busy(Refusal):
    """Too many people are booking this at once. Nothing was changed. Try again in a moment."""

    code = "busy"
