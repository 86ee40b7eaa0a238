"""Partners' endpoints: made, changed and tried. One function per verb."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from guests.callers import Caller
from hooks import bodies, feed, partners, signing_secrets
from hooks.catalogue import PING, TYPES
from hooks.entitlements import READS, judge_reach
from hooks.errors import TooManyEndpoints
from hooks.models import Endpoint
from hooks.sender import reachable
from notices import outbound_http, outgoing
from notices.models import Delivery
from notices.models.delivery import Channel
from notices.outbound_http import Blocked
from reservations import clock, idempotency
from reservations.errors import Invalid, NotFound
from reservations.idempotency import Once
from venues.models import Venue

MOST_VENUES = 500
"""Venues that an endpoint may name."""
MOST = 5
"""Endpoints of a partner."""
INCLUDES = ("reservation",)
"""What bodies can hold beside the thin one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithSecret:
    """An endpoint and its new secret, which is shown once."""

    endpoint: Endpoint
    secret: str


def of(partner: str) -> QuerySet[Endpoint]:
    """Returns the endpoints of a partner (by slug)."""
    return Endpoint.objects.filter(partner=partner).prefetch_related("venues")


def find(endpoint_id: int, *, partner: str) -> Endpoint:
    """Returns an endpoint of a partner. Raises NotFound, also for those of others."""
    found = of(partner).filter(pk=endpoint_id).first()
    if found is None:
        raise NotFound
    return found


def make(wish: Mapping[str, Any], *, by: Caller, once: Once | None = None) -> WithSecret:
    """Makes an endpoint of the caller's partner, with a secret.

    `wish` holds `url` and `types`, and perhaps `venues` (slugs), `include` and `description`.
    Raises Invalid, and TooManyEndpoints.
    """
    facts = _judged({"venues": None} | dict(wish), by)

    def act() -> WithSecret:
        partner = by.partner or ""
        feed.lock(partner)
        if Endpoint.objects.filter(partner=partner).count() >= MOST:
            raise TooManyEndpoints
        now = clock.now()
        endpoint = Endpoint.objects.create(partner=partner, created_at=now, **facts.columns)
        endpoint.venues.set(facts.venues)
        return WithSecret(endpoint=endpoint, secret=signing_secrets.make(endpoint, now))

    return idempotency.carry_out(act, once)


def change(endpoint_id: int, wish: Mapping[str, Any], *, by: Caller) -> Endpoint:
    """Changes what `wish` holds, as `make` has it, and `is_active`.

    Raises Invalid, NotFound, and Forbidden where it would tell more than the caller's key may see.
    Switching it on or off forgets its failures.
    """
    find(endpoint_id, partner=by.partner or "")
    facts = _judged(wish, by)
    with transaction.atomic(durable=True):
        _change(endpoint_id, facts, by)
    return find(endpoint_id, partner=by.partner or "")


def rotate(endpoint_id: int, *, partner: str, once: Once | None = None) -> WithSecret:
    """Gives an endpoint a new secret. The old one signs a day more. Raises NotFound."""

    def act() -> WithSecret:
        rows = Endpoint.objects.select_for_update()
        endpoint = rows.filter(pk=endpoint_id, partner=partner).first()
        if endpoint is None:
            raise NotFound
        secret = signing_secrets.make(endpoint, clock.now())
        return WithSecret(endpoint=endpoint, secret=secret)

    return idempotency.carry_out(act, once)


def ping(endpoint_id: int, *, partner: str, once: Once | None = None) -> Delivery:
    """Sends a trial at once, also to an endpoint that is off. Raises NotFound."""

    def act() -> Delivery:
        endpoint = find(endpoint_id, partner=partner)
        now, key = clock.now(), f"ping_{secrets.token_hex(8)}"
        told = bodies.document(PING, now, {"webhook": str(endpoint.pk)})
        outgoing.add([draft(endpoint, PING, key, now, body=bodies.text(told))])
        return Delivery.objects.get(dedupe=key)

    return idempotency.carry_out(act, once)


def draft(endpoint: Endpoint, kind: str, key: str, now: datetime, *, body: str) -> Delivery:
    """Returns an unsaved delivery to an endpoint, about no event. `key` names it for ever."""
    return Delivery(
        kind=kind,
        channel=Channel.WEBHOOK,
        lane=endpoint.lane,
        to=str(endpoint.pk),
        dedupe=key,
        message_id=key,
        body=body,
        created_at=now,
        next_try_at=now,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    columns: dict[str, Any]
    venues: Sequence[Venue] = ()


def _change(endpoint_id: int, facts: _Facts, by: Caller) -> None:
    endpoint = Endpoint.objects.select_for_update().filter(pk=endpoint_id).first()
    if endpoint is None:
        raise NotFound
    changed = dict(facts.columns)
    if "is_active" in changed:
        changed |= {"disabled_reason": "", "failing_since": None, "failures": 0}
    for name, value in changed.items():
        setattr(endpoint, name, value)
    endpoint.save(update_fields=list(changed))
    if "has_all_venues" in changed:
        endpoint.venues.set(facts.venues)
    judge_reach(endpoint, by)


def _judged(wish: Mapping[str, Any], by: Caller) -> _Facts:
    columns = {name: wish[name] for name in ("url", "description", "is_active") if name in wish}
    venues: Sequence[Venue] = ()
    if "url" in wish:
        check_address(wish["url"])
    if "types" in wish:
        columns["types"] = _types(wish["types"])
    if "include" in wish:
        columns["include"] = _includes(wish["include"], by)
    if "venues" in wish:
        asks_for_all = wish["venues"] is None
        columns["has_all_venues"] = asks_for_all and not partners.is_limited(by)
        if not asks_for_all:
            venues = _venues(wish["venues"], by)
        elif partners.is_limited(by):
            # All that this key may see. Its partner's other keys may see more, now or later.
            venues = list(Venue.objects.filter(pk__in=by.venue_ids or ()))
    return _Facts(columns=columns, venues=venues)


def check_address(url: str) -> None:
    """Raises Invalid for an address that webhooks may not be sent to."""
    if "#" in url:
        raise Invalid("url", "Give an address without a fragment.")
    try:
        outbound_http.check(url, reachable())
    except Blocked as refusal:
        raise Invalid("url", f"This address cannot receive webhooks: {refusal}.") from refusal


def _types(names: Sequence[str]) -> list[str]:
    if not names or ("*" in names and len(names) > 1):
        raise Invalid("events", 'Name at least one type of event, or give ["*"] alone.')
    for place, name in enumerate(names):
        if name != "*" and (name not in TYPES or name == PING):
            raise Invalid(f"events/{place}", f"There is no type of event {name[:60]!r}.")
    return list(dict.fromkeys(names))


def _includes(names: Collection[str], by: Caller) -> list[str]:
    for place, name in enumerate(names):
        if name not in INCLUDES:
            raise Invalid(f"include/{place}", "Give `reservation`, or leave it out.")
        if READS not in by.scopes:
            raise Invalid(f"include/{place}", f"This needs the scope `{READS}`.")
    return list(dict.fromkeys(names))


def _venues(slugs: Sequence[str], by: Caller) -> list[Venue]:
    found = {venue.slug: venue for venue in Venue.objects.filter(slug__in=slugs)}
    for place, slug in enumerate(slugs):
        if slug not in found or not by.may_run(found[slug].pk):
            raise Invalid(f"venues/{place}", "This is no venue of yours.")
    return list(found.values())
