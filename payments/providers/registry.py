"""The providers that settings name. `desk` is always among them, and takes no cards."""

import json
from functools import cache
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from payments.providers.desk import Desk
from payments.providers.protocol import Provider
from venues.models import Venue

DESK = "desk"

_OURS = ("venues", "origins")


def provider(name: str) -> Provider:
    """Returns the provider of this name. Raises KeyError for one that settings do not name."""
    if name == DESK and name not in settings.PAYMENTS:
        return Desk()
    return _made(name, json.dumps(settings.PAYMENTS[name], sort_keys=True))


def default_for(venue: Venue) -> str:
    """Returns the name of a venue's provider: the one whose `venues` name it, else the first."""
    named = settings.PAYMENTS
    of_venue = (name for name, values in named.items() if venue.slug in values.get("venues", ()))
    of_all = (name for name, values in named.items() if "venues" not in values)
    return next(of_venue, next(of_all, DESK))


@cache
def _made(name: str, values: str) -> Provider:
    options = {key: one for key, one in json.loads(values).items() if key not in _OURS}
    path = options.pop("class", "payments.providers.desk.Desk" if name == DESK else "")
    return cast(Provider, import_string(path)(**options))
