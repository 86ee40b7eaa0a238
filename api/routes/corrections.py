"""Putting reservations right: undo, reinstate, and release what a no-show still holds."""

from collections.abc import Callable
from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from api import preconditions
from api.auth import KnownRequest
from api.documents import ReservationOut
from api.openapi import answering_with
from api.routes.reservations import WRITE, shown
from api.schemas import DayOrInstant, Instant, Schema, parse_id, problems
from reservations import actions
from reservations.corrections.rest_releases import Release, RestCharge
from reservations.models import Reservation
from reservations.records import look
from reservations.rules.permissions import LONGEST_REASON

router = Router(tags=["reservations"])

Reason = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_REASON,
        description="Why. It is kept with the reservation's history.",
        examples=["Wrong guest"],
    ),
]


class CorrectionIn(Schema):
    """Why staff put the reservation right."""

    reason: Reason


class ReinstateIn(CorrectionIn):
    """Why staff bring the reservation back and, once it has ended, when the guest came."""

    arrived_at: Annotated[
        Instant | None,
        Field(
            description="When the guest came. Required once the reservation has ended, up to seven "
            "days after; it is then a stay that took place.",
            examples=["2027-03-01T12:00:00Z"],
        ),
    ] = None


class ReleaseIn(CorrectionIn):
    """From when a no-show's time is free, and what is charged for it."""

    since: Annotated[
        DayOrInstant | None,
        Field(
            alias="from",
            description="From when the time is free: a local date where nights are sold, else an "
            "instant. Default: now.",
            examples=["2027-03-02"],
        ),
    ] = None
    charge: Annotated[
        RestCharge,
        Field(
            description="`all` keeps the price. `nothing` and `fee` take the freed part off; the "
            "fee for cancelling it becomes due with `fee`.",
        ),
    ]


_ANSWERS = {200: ReservationOut, **problems(401, 403, 404, 409, 412, 422, 503)}
_TAGGED = answering_with(200, "ETag")


@router.post(
    "/{reservation_id}/undo-check-in",
    operation_id="undoCheckIn",
    auth=WRITE,
    response=_ANSWERS,
    openapi_extra=_TAGGED,
)
def undo_check_in(request: KnownRequest, reservation_id: str, data: CorrectionIn) -> HttpResponse:
    """Take an arrival back: the guest is awaited again. Staff only."""
    return _put_right(request, reservation_id, actions.undo_check_in, reason=data.reason)


@router.post(
    "/{reservation_id}/undo-check-out",
    operation_id="undoCheckOut",
    auth=WRITE,
    response=_ANSWERS,
    openapi_extra=_TAGGED,
)
def undo_check_out(request: KnownRequest, reservation_id: str, data: CorrectionIn) -> HttpResponse:
    """Take a departure back, with the rest of the time and the price of before. Staff only.

    409 `taken` names the `unit`, and the reservation that has it.
    """
    return _put_right(request, reservation_id, actions.undo_check_out, reason=data.reason)


@router.post(
    "/{reservation_id}/reinstate",
    operation_id="reinstateReservation",
    auth=WRITE,
    response=_ANSWERS,
    openapi_extra=_TAGGED,
)
def reinstate(request: KnownRequest, reservation_id: str, data: ReinstateIn) -> HttpResponse:
    """Bring back what was cancelled, has expired or counts as a no-show. Staff only.

    What was confirmed is confirmed again, what was held is held anew, and a no-show is awaited
    until its end. 409 `taken` names the `unit`, and the reservation that has it.
    """
    wish: dict[str, Any] = {"reason": data.reason, "arrived_at": data.arrived_at}
    return _put_right(request, reservation_id, actions.reinstate, **wish)


@router.post(
    "/{reservation_id}/release-rest",
    operation_id="releaseRest",
    auth=WRITE,
    response=_ANSWERS,
    openapi_extra=_TAGGED,
)
def release_rest(request: KnownRequest, reservation_id: str, data: ReleaseIn) -> HttpResponse:
    """Give the rest of a no-show's time to others. Staff only.

    Reinstate the reservation to take it back.
    """
    release = Release(charge=data.charge, reason=data.reason, since=data.since)
    return _put_right(request, reservation_id, actions.release_rest, release=release)


def _put_right(
    request: KnownRequest, reservation_id: str, act: Callable[..., Reservation], **wish: Any
) -> HttpResponse:
    key, by = parse_id(reservation_id), request.auth
    # The verb alone knows whether this repeats it: then nothing is saved, and any tag will do.
    with preconditions.judged(request, look(key, by=by), is_repeat=True):
        return shown(act(reservation_id=key, by=by, **wish), by)
