"""What is refused of endpoints, their deliveries, and the feed."""

from typing import Any

from reservations.errors import Refusal


class TooManyEndpoints(Refusal):
    """You have as many endpoints as a partner may have. Delete one first."""

    code = "too_many_endpoints"


class EventsExpired(Refusal):
    """Events that follow this `after` were deleted: they are kept for a time only. Read your
    reservations anew, then go on with the `next_after` that stands here.
    """

    code = "events_expired"

    def __init__(self, position: int = 0, **facts: Any) -> None:
        """`position` is that of the last entry that was deleted."""
        super().__init__(**facts)
        self.position = position
