"""Turns every error into an RFC 9457 problem document, and holds the only table of
HTTP statuses.
"""

import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from math import ceil
from typing import Any, cast

import orjson
from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, RequestDataTooBig
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from api import limits
from api.auth import KnownRequest
from api.bodies import DEEPEST, ByteOrderMark, Encoded, NotJson, TooDeep
from api.problem_titles import TITLES
from api.schemas import parse_id
from api.strict import field_errors
from guests import audit
from guests import errors as people
from guests.addresses import address_of
from guests.models import User
from hooks import errors as hook_errors
from payments import checkouts
from payments import errors as payment_errors
from payments.documents import errors as document_errors
from reservations import errors
from reservations.errors import Refusal
from reservations.records import look
from reservations.transactions import is_of_lost_row

log = logging.getLogger(__name__)

Handler = Callable[[HttpRequest, Any], HttpResponse]

RETRY_AFTER_BUSY = 1
"""Seconds to wait after `busy` or `in_progress`."""

STATUSES: Mapping[type[Exception], int] = {
    errors.NotFound: 404,
    errors.Forbidden: 403,
    errors.Invalid: 422,
    errors.TooSoon: 400,
    errors.TooFar: 400,
    errors.TooShort: 400,
    errors.TooLong: 400,
    errors.Closed: 409,
    errors.NotOffered: 409,
    errors.PartyTooLarge: 409,
    errors.NoChoice: 409,
    errors.Taken: 409,
    errors.HeldByOther: 409,
    errors.Occupied: 409,
    errors.QuoteExpired: 409,
    errors.ReferenceUsed: 409,
    errors.OnePerDay: 409,
    errors.TooManyHolds: 409,
    errors.TooManyReservations: 409,
    errors.HoldExpired: 409,
    errors.WrongStatus: 409,
    errors.FeeApplies: 409,
    errors.PaymentRequired: 409,
    payment_errors.NothingDue: 409,
    payment_errors.NoGuarantee: 409,
    payment_errors.PaymentRefused: 409,
    payment_errors.ProviderUnavailable: 503,
    errors.ChangedMeanwhile: 412,
    errors.RateLimited: 429,
    errors.InProgress: 409,
    errors.KeyReused: 422,
    errors.LotInUse: 409,
    errors.VenueInUse: 409,
    errors.ReservationsAffected: 409,
    errors.AlreadyEntered: 409,
    hook_errors.TooManyEndpoints: 409,
    hook_errors.EventsExpired: 410,
    **dict.fromkeys(document_errors.ALL, 409),
    errors.OpenStay: 409,
    errors.NoStay: 409,
    errors.Busy: 503,
    people.ContactInvalid: 422,
    people.AlreadyRegistered: 409,
    people.CredentialsInvalid: 401,
    people.TokenInvalid: 401,
    people.KeyInvalid: 401,
    people.Unauthenticated: 401,
    people.Forbidden: 403,
    people.TooMany: 429,
    people.TooManyFailures: 429,
    people.TooManyFailuresHere: 429,
    people.TooManySignUps: 429,
    people.TooManyResets: 429,
    people.TooManyOfPartner: 429,
    people.TooBusy: 503,
    people.LastAdministrator: 409,
}
"""The HTTP status of each refusal. A test walks the subclasses so that none is forgotten."""

AUDITED: Mapping[type[Exception], str] = {
    people.TokenInvalid: "token.refused",
    people.KeyInvalid: "key.refused",
    errors.RateLimited: "limit.reached",
    errors.TooManyHolds: "limit.reached",
    errors.TooManyReservations: "limit.reached",
}
"""Refusals that leave an audit line. Those of log-ins and sign-ups are written where they count."""

RATES: Mapping[type[people.GuestError], str] = {
    people.TooManySignUps: "sign-up",
    people.TooManyFailuresHere: "log-in-place",
    people.TooManyOfPartner: "partner",
}
"""What the RateLimit headers call a rate of people; any other is `log-in`."""

OTHERS: Mapping[str, int] = {
    "bad_request": 400,
    "malformed_body": 400,
    "not_authenticated": 401,
    "not_found": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "body_too_large": 413,
    "unsupported_media_type": 415,
    "validation_error": 422,
    "internal_error": 500,
    "unavailable": 503,
    "not_ready": 503,
}
"""The HTTP status of each code that no refusal has. docs/errors.md explains all codes."""
CODES = sorted({getattr(kind, "code", "") for kind in STATUSES} | set(OTHERS))
"""Every code that the API can send, sorted."""

_AGAIN_SOON = (errors.Busy, errors.InProgress, payment_errors.ProviderUnavailable)

CHALLENGE = 'Bearer realm="holdfast", ApiKey realm="holdfast"'


def problem(
    request: HttpRequest,
    *,
    status: int,
    code: str,
    detail: str,
    errors: Iterable[Mapping[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
    **facts: Any,
) -> HttpResponse:
    """Returns a problem document. `facts` become members of it. A 401 gets WWW-Authenticate."""
    document: dict[str, Any] = {
        "type": f"urn:holdfast:problem:{code}",
        "title": TITLES.get(code, HTTPStatus(status).phrase),
        "status": status,
        "detail": detail,
        "instance": f"urn:uuid:{request.META.get('REQUEST_ID') or uuid.uuid4()}",
        "code": code,
        **{name: _plain(value) for name, value in facts.items()},
    }
    if errors is not None:
        document["errors"] = list(errors)
    response = HttpResponse(
        orjson.dumps(document), status=status, content_type="application/problem+json"
    )
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = CHALLENGE
    for name, value in (headers or {}).items():
        response[name] = value
    return response


def other(
    request: HttpRequest, code: str, detail: str, *, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """Returns the problem document for a code of OTHERS. Raises KeyError for any other code."""
    return problem(request, status=OTHERS[code], code=code, detail=detail, headers=headers)


def install(api: NinjaAPI) -> None:
    """Makes the API answer every exception of an operation with a problem document."""
    handlers: Mapping[type[Exception], Any] = {
        Refusal: _refused,
        people.GuestError: _person_refused,
        people.Forbidden: _ownership_first(_person_refused),
        errors.Invalid: _ownership_first(_refused),
        ValidationError: _ownership_first(_not_valid),
        AuthenticationError: _not_authenticated,
        HttpError: _ownership_first(_http_error),
        Http404: _not_found,
        RequestDataTooBig: _body_too_large,
        IntegrityError: _nobody_left,
        DatabaseError: _row_gone,
        ObjectDoesNotExist: _row_gone,
        OperationalError: _database_away,
        InterfaceError: _database_away,
        Exception: _failed,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def _ownership_first(handler: Handler) -> Handler:
    """Wraps a handler for errors that are raised before the operation runs.

    A caller who asks for a reservation that they may not see gets 404, whatever else is wrong with
    the request.
    """

    def handle(request: HttpRequest, fault: Any) -> HttpResponse:
        match = request.resolver_match
        found = match.kwargs if match else {}
        given = found.get("reservation_id") or found.get("appointment_id")
        if given is not None:
            try:
                look(parse_id(given), by=cast(KnownRequest, request).auth)
            except errors.NotFound as hidden:
                return _refused(request, hidden)
        return handler(request, fault)

    return handle


def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    _note(request, refusal)
    status, facts = STATUSES[type(refusal)], dict(refusal.facts)
    headers: dict[str, str] = {}
    listed = None
    if isinstance(refusal, errors.Invalid):
        listed = [{"pointer": f"#/{facts.pop('field')}", "detail": refusal.detail}]
    if isinstance(refusal, errors.PaymentRequired):
        by = cast(KnownRequest, request).auth
        facts["pay_url"] = checkouts.pay_url(refusal.reservation_id, by=by)
    if isinstance(refusal, errors.RateLimited):
        headers |= _rate_headers(refusal)
    if isinstance(refusal, _AGAIN_SOON):
        headers["Retry-After"] = str(RETRY_AFTER_BUSY)
    return problem(
        request,
        status=status,
        code=refusal.code,
        detail=refusal.detail,
        errors=listed,
        headers=headers,
        **facts,
    )


def _rate_headers(refusal: errors.RateLimited) -> dict[str, str]:
    wait = _seconds(refusal.retry_after)
    told = limits.headers("state", refusal.count, refusal.period, left=0, wait=wait)
    return {"Retry-After": str(wait), **told}


def _seconds(wait: timedelta) -> int:
    """Whole seconds, rounded up, at least one: a caller who waits this long is not too early."""
    return max(1, ceil(wait.total_seconds()))


def _note(request: HttpRequest, refusal: people.GuestError | Refusal) -> None:
    """Writes the audit line of a refused credential or of a limit that was reached."""
    act = AUDITED.get(type(refusal))
    if act is not None:
        by = getattr(getattr(request, "auth", None), "name", "nobody")
        audit.note(act, by=by, place=address_of(request), why=refusal.code)


def _person_refused(request: HttpRequest, refusal: people.GuestError) -> HttpResponse:
    _note(request, refusal)
    listed = None
    if isinstance(refusal, people.ContactInvalid):
        listed = [{"pointer": f"#/{field}", "detail": detail} for field, detail in refusal.errors]
    return problem(
        request,
        status=STATUSES[type(refusal)],
        code=refusal.code,
        detail=refusal.detail,
        errors=listed,
        headers=_person_headers(refusal),
        **refusal.facts,
    )


def _person_headers(refusal: people.GuestError) -> dict[str, str]:
    if isinstance(refusal, people.TooBusy):
        return {"Retry-After": str(RETRY_AFTER_BUSY)}
    if refusal.allowance is None:
        return {}
    name = RATES.get(type(refusal), "log-in")
    told = limits.of_allowance(name, refusal.allowance)
    if isinstance(refusal, people.TooMany):
        told["Retry-After"] = str(refusal.allowance.retry_after)
    return told


def _not_valid(request: HttpRequest, fault: ValidationError) -> HttpResponse:
    return problem(
        request,
        status=OTHERS["validation_error"],
        code="validation_error",
        detail="Some fields are not valid. See `errors`.",
        errors=field_errors.listed(fault.errors),
    )


def _not_authenticated(request: HttpRequest, fault: AuthenticationError) -> HttpResponse:
    detail = people.Unauthenticated().detail
    return other(request, "not_authenticated", detail)


def _http_error(request: HttpRequest, fault: HttpError) -> HttpResponse:
    if fault.status_code == HTTPStatus.BAD_REQUEST:
        # Ninja raises 400 only if the parser could not read the body.
        if isinstance(fault.__cause__, NotJson):
            detail = "Send the body as application/json. No other Content-Type is accepted."
            return other(request, "unsupported_media_type", detail)
        if isinstance(fault.__cause__, Encoded):
            detail = "Send the body without a Content-Encoding. None is read."
            accepted = {"Accept-Encoding": "identity"}
            return other(request, "unsupported_media_type", detail, headers=accepted)
        if isinstance(fault.__cause__, TooDeep):
            return _too_deep(request, fault.__cause__)
        if isinstance(fault.__cause__, ByteOrderMark):
            detail = "The body begins with a byte order mark (EF BB BF). Send it without."
            return other(request, "malformed_body", detail)
        detail = "The body must be one JSON document in UTF-8, such as {}."
        return other(request, "malformed_body", detail)
    code = HTTPStatus(fault.status_code).phrase.lower().replace(" ", "_")
    return problem(request, status=fault.status_code, code=code, detail=str(fault))


def _too_deep(request: HttpRequest, fault: TooDeep) -> HttpResponse:
    detail = f"Nest objects and lists at most {DEEPEST} deep."
    fields = [("body", "body", name) for name in fault.fields]
    places: list[tuple[str, ...]] = [*fields] or [("body",)]
    return _not_valid(request, ValidationError([{"loc": loc, "msg": detail} for loc in places]))


def _nobody_left(request: HttpRequest, fault: IntegrityError) -> HttpResponse:
    """Answers 401 if the caller's account was erased meanwhile. All else is a fault of ours."""
    if _is_caller_gone(request) or "fk_guests_user" in str(fault):
        return _person_refused(request, people.TokenInvalid())
    if is_of_lost_row(fault):
        return _refused(request, errors.NotFound())
    return _failed(request, fault)


def _row_gone(request: HttpRequest, fault: Exception) -> HttpResponse:
    """Answers a write to a row that went after it was read: 401 for a person erased, else 404."""
    if not is_of_lost_row(fault):
        return _failed(request, fault)
    if _is_caller_gone(request):
        return _person_refused(request, people.TokenInvalid())
    return _refused(request, errors.NotFound())


def _is_caller_gone(request: HttpRequest) -> bool:
    user_id = getattr(getattr(request, "auth", None), "user_id", None)
    return user_id is not None and not User.objects.filter(pk=user_id).exists()


def _not_found(request: HttpRequest, fault: Http404) -> HttpResponse:
    return other(request, "not_found", errors.NotFound().detail)


def _body_too_large(request: HttpRequest, fault: RequestDataTooBig) -> HttpResponse:
    detail = f"The body is larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes. Send less."
    return other(request, "body_too_large", detail)


def _database_away(request: HttpRequest, fault: DatabaseError) -> HttpResponse:
    log.error("The database did not answer: %s", fault)
    # The connection may have broken after the commit and before its confirmation.
    detail = (
        "The database cannot be reached, and a change that was being written may have been made."
        " Repeat the request shortly, with the same Idempotency-Key."
    )
    return other(request, "unavailable", detail, headers={"Retry-After": "5"})


def _failed(request: HttpRequest, fault: Exception) -> HttpResponse:
    log.error("An operation failed", exc_info=fault)
    return failure(request)


def failure(request: HttpRequest) -> HttpResponse:
    """Returns the answer to a fault of ours, 500 `internal_error`, without any detail of it."""
    detail = "Something went wrong on our side, and we logged it. Try again later."
    return other(request, "internal_error", detail)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value
