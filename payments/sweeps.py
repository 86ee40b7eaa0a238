"""Asks providers for what is not settled, so that a webhook that never comes loses nothing."""

import time
from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q

from payments import card_charges, provider_events, settling
from payments.models import UNSETTLED, Checkout, CheckoutState
from payments.outside import reversals
from payments.providers import registry
from reservations import clock

AGE = timedelta(minutes=2)
"""How old a checkout is when its provider is first asked without a webhook."""

AGAIN = timedelta(seconds=50)
"""After so long it is asked again."""

SECONDS = 20.0
"""How long one sweep may ask. The next one goes on with those that waited longest."""


def settle_open() -> int:
    """Settles what waits: events, then checkouts, those first that were asked longest ago.

    Returns how many checkouts were asked for.
    """
    _listen()
    provider_events.handle_waiting()
    until, asked = time.monotonic() + SECONDS, 0
    for pk in _due()[: settings.SWEEP_BATCH]:
        if time.monotonic() > until:
            break
        Checkout.objects.filter(pk=pk).update(asked_at=clock.now())
        settling.attempt(pk)
        asked += 1
    card_charges.ask_again()
    if time.monotonic() < until:
        reversals.ask_again()
    return asked


def _due() -> list[int]:
    now = clock.now()
    rows = Checkout.objects.filter(state__in=UNSETTLED)
    is_old = Q(created_at__lte=now - AGE)
    # What was begun goes on at once, and a hold that has lapsed is given up at its provider.
    is_begun = ~Q(state=CheckoutState.OPEN)
    has_lapsed = Q(payments__reservation__hold_expires_at__lte=now, is_for_hold=True)
    rows = rows.filter(is_old | is_begun | has_lapsed)
    rows = rows.filter(Q(asked_at__isnull=True) | Q(asked_at__lte=now - AGAIN))
    found = rows.order_by(F("asked_at").asc(nulls_first=True), "pk").values_list("pk", flat=True)
    return list(dict.fromkeys(found[: 2 * settings.SWEEP_BATCH]))


def _listen() -> None:
    """Stores what providers would report that cannot reach us, such as the fake."""
    for name in settings.PAYMENTS:
        news = getattr(registry.provider(name), "news", None)
        if news is not None:
            provider_events.store(name, news())
