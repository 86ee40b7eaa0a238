"""The letter to a partner whose endpoint was switched off. In English, as the API answers."""

from notices.mail.composers import Letter
from notices.models import Delivery

_NEXT = (
    "Mend it and switch it on again, with PATCH /webhooks/{id} or by writing to us. What happened "
    "meanwhile stands in GET /events."
)


def compose(delivery: Delivery) -> Letter:
    """Returns the letter, from what was known then."""
    url, reason = delivery.data["url"], delivery.data["reason"]
    lines = [
        "We send no more events to this address of yours:",
        url,
        reason,
        _NEXT,
    ]
    return Letter(subject="Your webhooks are switched off", text="\n\n".join(lines) + "\n")
