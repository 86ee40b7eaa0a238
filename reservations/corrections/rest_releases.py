"""Gives the rest of a no-show's time to others, and says what is charged for it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, events
from reservations.allocation import ledger
from reservations.corrections import rounds
from reservations.errors import Invalid, WrongStatus
from reservations.event_types import REST_RELEASED
from reservations.models import Allocation, Reservation
from reservations.pricing import terms
from reservations.records import locked, save
from reservations.rules import differences, modes, permissions
from reservations.status import Status
from venues.hours import Window


class RestCharge(StrEnum):
    """What is charged for the time that is given up."""

    NOTHING = "nothing"
    FEE = "fee"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A request to release. `since` is a local date where nights are sold, else an instant.

    None means now.
    """

    charge: RestCharge
    reason: str
    since: date | datetime | None = None


def may(reservation: Reservation, now: datetime) -> bool:
    """True for a no-show. Whether it still holds time does not matter: fees do. Runs no query."""
    return reservation.status_at(now) is Status.NO_SHOW


def judge(reservation: Reservation, now: datetime) -> None:
    """Raises WrongStatus for anything but a no-show."""
    if not may(reservation, now):
        raise WrongStatus(
            gettext("Only a no-show's time can be released. This reservation is %(status)s.")
            % {"status": reservation.status_at(now).word}
        )


def release_rest(reservation_id: int, release: Release, *, by: Caller) -> Reservation:
    """Frees a no-show's time from a date or an instant on. Staff only. Assumes a transaction.

    `all` keeps the price, and it is owed where a no-show otherwise owes the fee alone. `nothing`
    and `fee` take the freed part off, and the fee for cancelling that part becomes due with `fee`.
    Repeating it changes nothing. Raises NotFound, Forbidden, Invalid, or WrongStatus, also when it
    was released otherwise.
    """
    reservation = locked(reservation_id, by=by)
    reason = permissions.judge_reason(reservation.venue_id, release.reason, by)
    now = clock.now()
    judge(reservation, now)
    earlier = rounds.event_of(reservation, REST_RELEASED)
    if earlier is not None and earlier.round == reservation.round:
        return _again(reservation, release, earlier.data, now)
    since = _since(reservation, release.since, now)
    before = differences.of(reservation, has_units=False)
    fee = _charge(reservation, release.charge, since)
    save(reservation, *differences.MONEY)
    ledger.truncate(Allocation.objects.filter(reservation=reservation, is_live=True), at=since)
    # What is kept is theirs: it does not lapse any more.
    Allocation.objects.filter(reservation=reservation, is_live=True).update(lapses_at=None)
    entry = REST_RELEASED(
        {
            "reason": reason,
            "released_from": since.astimezone(reservation.venue.zone).isoformat(),
            "charge": release.charge.value,
            "fee_minor": fee,
            "changed": differences.since(before, reservation),
        }
    )
    events.record(reservation, entry, at=now, by=by)
    return reservation


def _again(
    reservation: Reservation, release: Release, told: dict[str, object], now: datetime
) -> Reservation:
    is_same = told["charge"] == release.charge.value
    if is_same and release.since is not None:
        since = _since(reservation, release.since, now)
        is_same = datetime.fromisoformat(str(told["released_from"])) == since
    if not is_same:
        raise WrongStatus(
            gettext("The rest was released before. Reinstate the reservation to change that.")
        )
    return reservation


def _since(reservation: Reservation, asked: date | datetime | None, now: datetime) -> datetime:
    """The instant (UTC) from which the time is free. Raises Invalid at `from`."""
    sold = Window(reservation.starts_at, reservation.ends_at)
    if asked is None and now >= sold.end:
        raise Invalid("from", gettext("The reservation has ended. Say from when it was given up."))
    if modes.sells_nights(reservation.venue):
        return _night(reservation, asked, now)
    at = now if asked is None else asked
    if not isinstance(at, datetime):
        raise Invalid("from", gettext("Give an instant, such as 2027-03-01T12:00:00Z."))
    if not sold.start <= at < sold.end:
        raise Invalid("from", gettext("Give an instant during the reservation."))
    return at


def _night(reservation: Reservation, asked: date | datetime | None, now: datetime) -> datetime:
    """The departure before the first night that is given up, or the start for all nights."""
    venue = reservation.venue
    first, last = modes.local_dates(venue, Window(reservation.starts_at, reservation.ends_at))
    match asked:
        case None:
            night = max(first, modes.business_date(venue, now))
        case datetime():
            night = asked.astimezone(venue.zone).date()
        case _:
            night = asked
    if asked is None and night >= last:
        night = last - timedelta(days=1)
    if not first <= night < last:
        raise Invalid("from", gettext("Give the date of a night of the reservation."))
    return reservation.starts_at if night == first else modes.stay(venue, first, night).end


def _charge(reservation: Reservation, charge: RestCharge, since: datetime) -> int:
    """Sets the amounts that remain once the time is given up. Returns the fee that became due."""
    if charge is RestCharge.ALL:
        if reservation.is_no_show_released:
            # Whose time others may have owes the fee alone.
            reservation.cancel_fee_minor = reservation.price_minor
        return 0
    price, fee = reservation.price_minor, reservation.cancel_fee_minor
    kept = min(price, terms.price_until(reservation, since))
    fee_of_rest = min(fee, terms.fee_for(reservation, price - kept))
    reservation.price_minor = kept
    reservation.cancel_fee_minor = fee - fee_of_rest
    if charge is RestCharge.NOTHING:
        return 0
    reservation.fee_due_minor += fee_of_rest
    return fee_of_rest
