"""Settings of the engine and its limits, and the providers of card payments.

A venue's own policy overrides the rate of changes.
"""

from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from settings.environment import flag, integer, json_value, names, seconds, text
from settings.private_files import IS_EMBEDDED

STATE_CHANGE_RATE = text("STATE_CHANGE_RATE", "1/m")
"""State changes of one reservation, as count/period. The period is s, m, h or d."""
IDEMPOTENCY_KEPT = seconds("IDEMPOTENCY_KEPT_SECONDS", timedelta(hours=24))
"""How long an Idempotency-Key and its answer are kept."""
HOLDS_PER_GUEST = integer("HOLDS_PER_GUEST", 20)
"""Open holds of one guest, without confirmed reservations. 0 means no limit."""
HOLDS_PER_KEY = integer("HOLDS_PER_KEY", 20)
"""Open holds of one partner, over all of its keys. 0 means no limit."""
HOLDS_PER_ADDRESS = integer("HOLDS_PER_ADDRESS", 100)
"""Open holds of all guests and partners that book from one network. 0 means no limit."""
UNPAID_PER_GUEST = integer("UNPAID_PER_GUEST", 50)
"""Unpaid reservations to come of one account, else of one phone number and of one address; 0 is no
limit. Staff at their venue and partners are exempt."""
PARTNER_RATE = text("PARTNER_RATE", "6000/m")
"""Requests of one partner, over all of its keys, unless the partner has a rate of its own; 0 is no
limit."""
SWEEP_BATCH = integer("SWEEP_BATCH", 200, least=1, most=200)
"""Rows that a sweep takes in one transaction. More would hold locks that bookings wait for."""
FIND_FAILURE_RATE = text("FIND_FAILURE_RATE", "10/m")
"""Failed attempts to prove a reservation, of one network and for one code."""

_FAKE: dict[str, dict[str, Any]] = {"fake": {"class": "payments.providers.fake.Fake"}}

# Behind https guests are real, and on the page of the fake anybody pays with a press.
_is_trial = IS_EMBEDDED and not flag("HTTPS", default=False)
_given: Any = json_value("PAYMENTS", _FAKE if _is_trial else {})
if not isinstance(_given, dict) or not all(isinstance(one, dict) for one in _given.values()):
    message = "PAYMENTS is not valid: expected an object of objects, by the names of providers."
    raise ImproperlyConfigured(message)

PAYMENTS: dict[str, dict[str, Any]] = _given
"""Providers by name, such as {"stripe": {"class": "payments.providers.stripe.Stripe", "key": "…"}}.

`class` is the class, `venues` the slugs that use it (left out: all that no other names), `origins`
where its pages are, such as https://checkout.stripe.com. All else is given to the class. Embedded
without https, the default is a fake; where none is named, money is paid at the desk."""

PAY_RETURN_ORIGINS = names("PAY_RETURN_ORIGINS")
"""Origins beside our own that a guest may be led back to after paying."""

PAY_LATE_SECONDS = integer("PAY_LATE_SECONDS", 60, least=0, most=86_400)
"""After how long a payment succeeds that was made late on purpose at the fake."""
