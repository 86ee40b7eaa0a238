"""The engine's tables, one module each. Django finds the models of an app here."""

from reservations.models.allocation import Allocation
from reservations.models.event import Event
from reservations.models.personal_data import AccessRecord, DataLink
from reservations.models.reservation import Reservation, new_code
from reservations.models.stored_answer import StoredAnswer

__all__ = [
    "AccessRecord",
    "Allocation",
    "DataLink",
    "Event",
    "Reservation",
    "StoredAnswer",
    "new_code",
]
