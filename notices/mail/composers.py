"""Who writes the letters of each kind. A letter is written when it is sent, from the facts then."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from notices.channels import Result
from notices.models import Delivery
from notices.models.delivery import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A calendar entry as RFC 5545 has it, and its method: REQUEST or CANCEL."""

    method: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter that is ready to be sent, without its receiver.

    `sender_name` is shown beside the address that all letters come from. `reply_to` is an address,
    or "". `code` names the reservation in the id of the message.
    """

    subject: str
    text: str
    html: str = ""
    sender_name: str = ""
    reply_to: str = ""
    code: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    invitation: Invitation | None = None


Compose = Callable[[Delivery], Letter | Result]
"""Writes the letter of a delivery, or says why none is sent. Runs queries, and changes no letter
that was sent before."""

_composers: dict[str, Compose] = {}


def register(kind: str, compose: Compose) -> None:
    """Names who writes letters of this kind of delivery, for `AppConfig.ready`."""
    _composers[kind] = compose


def compose(delivery: Delivery) -> Letter | Result:
    """Returns the letter of a delivery, or the result where none is sent."""
    found = _composers.get(delivery.kind)
    if found is None:
        return Result(outcome=Outcome.DROPPED, detail=f"nobody writes {delivery.kind}")
    return found(delivery)
