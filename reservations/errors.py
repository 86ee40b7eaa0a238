"""Why the engine refuses: one small exception each; the docstring is what the caller reads."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.utils.translation import gettext


class Refusal(Exception):
    """The request was refused."""

    code: ClassVar[str] = "refused"

    asked: Any = None
    """The allocation.Ask that was refused, where one was judged: alternatives begin there."""

    def __init__(self, detail: str = "", **facts: Any) -> None:
        """`detail` replaces the docstring; `facts` are told to the caller beside it."""
        self.detail = detail or gettext(" ".join((self.__doc__ or "").split()))
        self.facts = facts
        super().__init__(self.detail)


class NotFound(Refusal):
    """There is no such thing, or it is not yours."""

    code = "not_found"


class Forbidden(Refusal):
    """You are known, but your role or key does not allow this."""

    code = "forbidden"


class Invalid(Refusal):
    """A value does not fit; `field` names it."""

    code = "validation_error"

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail, field=field)
        self.field = field


class TooSoon(Refusal):
    """This start is nearer than the notice the venue asks for, or already past."""

    code = "too_soon"


class TooFar(Refusal):
    """This is further ahead than the venue takes reservations."""

    code = "too_far"


class TooShort(Refusal):
    """This is shorter than the venue takes reservations for."""

    code = "too_short"


class TooLong(Refusal):
    """This is longer than the venue takes reservations for."""

    code = "too_long"


class Closed(Refusal):
    """The venue, or the unit, is not open for all of this time."""

    code = "closed"


class NotOffered(Refusal):
    """The venue is open, but sells no reservation that starts and ends at these times."""

    code = "not_offered"


class PartyTooLarge(Refusal):
    """No unit, or combination of units, here seats so many."""

    code = "party_too_large"


class NoChoice(Refusal):
    """This venue gives out the first unit available; name a category or nothing instead."""

    code = "no_choice"


class Taken(Refusal):
    """This time is taken by a confirmed reservation or a closure."""

    code = "taken"


class HeldByOther(Refusal):
    """Somebody else holds this time and has not confirmed it yet."""

    code = "held_by_other"

    def __init__(self, frees_at: datetime) -> None:
        super().__init__(may_free_at=frees_at)


class QuoteExpired(Refusal):
    """The quote is not valid any more, or is for something else; `quote` has a new one."""

    code = "quote_expired"


class OnePerDay(Refusal):
    """One reservation a day with this provider; you have one on that day already."""

    code = "one_per_day"


class TooManyHolds(Refusal):
    """So many holds may be open at once. Confirm or cancel some, or wait until they lapse."""

    code = "too_many_holds"

    def __init__(self, *, per: str, open_now: int, limit: int, frees_at: datetime | None) -> None:
        told: dict[str, Any] = {"may_free_at": frees_at} if frees_at else {}
        super().__init__(per=per, open=open_now, limit=limit, **told)


class HoldExpired(Refusal):
    """The hold has lapsed, and its time may have gone to someone else. Make a new reservation."""

    code = "hold_expired"


class WrongStatus(Refusal):
    """A reservation in this status cannot do that."""

    code = "wrong_status"


class ChangedMeanwhile(Refusal):
    """The reservation has changed since you read it. Read it again and repeat your change."""

    code = "precondition_failed"


class RateLimited(Refusal):
    """This reservation was changed a moment ago; wait before changing it again."""

    code = "rate_limited"

    def __init__(self, retry_after: timedelta, *, count: int, period: timedelta) -> None:
        super().__init__()
        self.retry_after = retry_after
        self.count = count
        self.period = period


class InProgress(Refusal):
    """A request with this Idempotency-Key is still running; repeat it in a moment."""

    code = "in_progress"


class KeyReused(Refusal):
    """This Idempotency-Key came before with another request; use a new key."""

    code = "idempotency_key_reused"


class LotInUse(Refusal):
    """Some spots are taken or reserved; only empty ones can be given up."""

    code = "lot_in_use"


class VenueInUse(Refusal):
    """Reservations to come, or under way, rest on this."""

    code = "venue_in_use"


class NoStay(Refusal):
    """A venue is reviewed by who has stayed there, after a stay has ended."""

    code = "no_stay"


class AlreadyEntered(Refusal):
    """Somebody with this e-mail address or phone number is entered already."""

    code = "already_entered"


class OpenStay(Refusal):
    """The guest is in a stay that has not ended; erase after it has."""

    code = "open_stay"


class Busy(Refusal):
    """Too many are booking this at once, and nothing was changed. Try again in a moment."""

    code = "busy"
