"""Webhooks of partners: endpoints, their log, and sending again."""

from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
from django.http import HttpResponse
from ninja import Query, Router, Status

from api import idempotency_keys, paging
from api.auth import KnownRequest, allow
from api.idempotency_keys import Key
from api.openapi import answering_with
from api.replies import reply
from api.routes.webhooks.documents import (
    DeliveryFilter,
    DeliveryOut,
    DeliveryPage,
    NewWebhookOut,
    ReplayIn,
    ReplayOut,
    SecretOut,
    WebhookIn,
    WebhookOut,
    WebhookPage,
    WebhookPatch,
    delivered,
    described,
)
from api.schemas import parse_id, problems
from hooks import endpoint_removal, endpoints, replays
from hooks.endpoints import WithSecret
from hooks.models import Endpoint
from notices.models import Delivery
from reservations.idempotency import Answer

router = Router(tags=["webhooks"])

PARTNER = allow("partner", scope="webhooks:write")

_CREATED = problems(400, 401, 403, 409, 413, 415, 422, 503)
_OF_ONE = problems(401, 403, 404, 503)
_POSTED = problems(401, 403, 404, 409, 422, 503)


@router.post(
    "/webhooks",
    operation_id="createWebhook",
    auth=PARTNER,
    response={201: NewWebhookOut, **_CREATED},
    openapi_extra=answering_with(201, "Location"),
)
def make(request: KnownRequest, data: WebhookIn, idempotency_key: Key = None) -> HttpResponse:
    """Have events sent to an address of yours, at most five of them.

    The secret is shown this once. 409 `too_many_endpoints`: delete one first.
    """

    def answer(secret: Callable[[WithSecret], str | None]) -> Callable[[WithSecret], Answer]:
        return lambda made: Answer(
            201,
            orjson.dumps(described(made.endpoint) | {"secret": secret(made)}).decode(),
            {"Location": f"{request.path}/{made.endpoint.pk}"},
        )

    act = partial(endpoints.make, _wish(data.model_dump()), by=request.auth)
    return _told_once(request, act, answer)


@router.get(
    "/webhooks",
    operation_id="listWebhooks",
    auth=PARTNER,
    response={200: WebhookPage, **problems(401, 403, 422, 503)},
)
def listed(request: KnownRequest, asked: Query[paging.Page]) -> HttpResponse:
    """List your endpoints."""
    return reply(paging.page(endpoints.of(_partner(request)), asked, described))


@router.get(
    "/webhooks/{webhook_id}",
    operation_id="getWebhook",
    auth=PARTNER,
    response={200: WebhookOut, **_OF_ONE},
)
def one(request: KnownRequest, webhook_id: str) -> HttpResponse:
    """Read one endpoint."""
    return reply(described(_found(request, webhook_id)))


@router.patch(
    "/webhooks/{webhook_id}",
    operation_id="updateWebhook",
    auth=PARTNER,
    response={200: WebhookOut, **problems(401, 403, 404, 422, 503)},
)
def change(request: KnownRequest, webhook_id: str, data: WebhookPatch) -> HttpResponse:
    """Change an endpoint, or switch it off and on."""
    given = {name: getattr(data, name) for name in data.model_fields_set}
    found = endpoints.change(parse_id(webhook_id), _wish(given), by=request.auth)
    return reply(described(found))


@router.delete(
    "/webhooks/{webhook_id}",
    operation_id="deleteWebhook",
    auth=PARTNER,
    response={204: None, **_OF_ONE},
)
def remove(request: KnownRequest, webhook_id: str) -> Status[None]:
    """Delete an endpoint with its log. What waits is not sent. A long log goes within hours."""
    endpoint_removal.remove(parse_id(webhook_id), partner=_partner(request))
    return Status(204, None)


@router.post(
    "/webhooks/{webhook_id}/ping",
    operation_id="pingWebhook",
    auth=PARTNER,
    response={202: DeliveryOut, **_POSTED},
)
def ping(request: KnownRequest, webhook_id: str, idempotency_key: Key = None) -> HttpResponse:
    """Send a `webhook.ping` at once, also to an endpoint that is off. The log has its result."""
    act = partial(endpoints.ping, parse_id(webhook_id), partner=_partner(request))
    return idempotency_keys.carried_out(request, act, by=request.auth, render=_accepted)


@router.post(
    "/webhooks/{webhook_id}/rotate",
    operation_id="rotateWebhookSecret",
    auth=PARTNER,
    response={200: SecretOut, **_POSTED},
)
def rotate(request: KnownRequest, webhook_id: str, idempotency_key: Key = None) -> HttpResponse:
    """Get a new secret. The old one signs beside it for a day more."""

    def answer(secret: Callable[[WithSecret], str | None]) -> Callable[[WithSecret], Answer]:
        return lambda made: Answer(200, orjson.dumps({"secret": secret(made)}).decode())

    act = partial(endpoints.rotate, parse_id(webhook_id), partner=_partner(request))
    return _told_once(request, act, answer)


@router.get(
    "/webhooks/{webhook_id}/deliveries",
    operation_id="listWebhookDeliveries",
    auth=PARTNER,
    response={200: DeliveryPage, **problems(401, 403, 404, 422, 503)},
)
def deliveries(
    request: KnownRequest, webhook_id: str, asked: Query[DeliveryFilter]
) -> HttpResponse:
    """List what was sent to an endpoint and what waits, newest first, with each attempt."""
    rows = replays.log_of(_found(request, webhook_id), venue_ids=request.auth.venue_ids)
    if asked.outcome == "waiting":
        rows = rows.filter(done_at__isnull=True)
    elif asked.outcome:
        rows = rows.filter(done_at__isnull=False, outcome=asked.outcome)
    return reply(paging.page(rows, asked, delivered))


@router.post(
    "/webhooks/{webhook_id}/deliveries/{delivery_id}/replay",
    operation_id="replayWebhookDelivery",
    auth=PARTNER,
    response={202: DeliveryOut, **_POSTED},
)
def replay(
    request: KnownRequest, webhook_id: str, delivery_id: str, idempotency_key: Key = None
) -> HttpResponse:
    """Send one delivery again: the same `webhook-id` and bytes, signed anew."""
    act = partial(
        replays.one,
        parse_id(delivery_id),
        endpoint_id=parse_id(webhook_id),
        partner=_partner(request),
        venue_ids=request.auth.venue_ids,
    )
    return idempotency_keys.carried_out(request, act, by=request.auth, render=_accepted)


@router.post(
    "/webhooks/{webhook_id}/replay",
    operation_id="replayWebhookDeliveries",
    auth=PARTNER,
    response={202: ReplayOut, **problems(400, 401, 403, 404, 409, 413, 415, 422, 503)},
)
def replay_range(
    request: KnownRequest, webhook_id: str, data: ReplayIn, idempotency_key: Key = None
) -> HttpResponse:
    """Send again what was made in a range of at most 30 days, without what waits and trials."""
    act = partial(
        replays.several,
        since=data.since,
        until=data.until,
        endpoint_id=parse_id(webhook_id),
        partner=_partner(request),
        venue_ids=request.auth.venue_ids,
    )

    def made(count: int) -> Answer:
        return Answer(202, orjson.dumps({"count": count}).decode())

    return idempotency_keys.carried_out(request, act, by=request.auth, render=made)


def _told_once(
    request: KnownRequest,
    act: Callable[..., WithSecret],
    answer: Callable[[Callable[[WithSecret], str | None]], Callable[[WithSecret], Answer]],
) -> HttpResponse:
    """Answers with the secret, and stores the answer without it."""
    return idempotency_keys.carried_out(
        request,
        act,
        by=request.auth,
        render=answer(lambda made: made.secret),
        kept=answer(lambda _: None),
    )


def _accepted(row: Delivery) -> Answer:
    return Answer(202, orjson.dumps(delivered(row)).decode())


def _found(request: KnownRequest, webhook_id: str) -> Endpoint:
    return endpoints.find(parse_id(webhook_id), partner=_partner(request))


def _partner(request: KnownRequest) -> str:
    return request.auth.partner or ""


def _wish(given: dict[str, Any]) -> dict[str, Any]:
    return {"types" if name == "events" else name: value for name, value in given.items()}
