"""Every event there is: its name, whether it happens once, what its data holds."""

ONCE = (
    "reservation.created",
    "reservation.confirmed",
    "reservation.checked_in",
    "reservation.checked_out",
    "reservation.cancelled",
    "reservation.expired",
    "reservation.completed",
    "reservation.missed",
)
"""Events that can happen to a reservation once."""

EVENTS = (
    *ONCE,
    "reservation.modified",
    "reservation.reseated",
    "closure.made",
    "closure.ended",
    "lot.opened",
    "lot.changed",
    "lot.closed",
    "venue.opened",
    "venue.changed",
    "venue.closed",
)
