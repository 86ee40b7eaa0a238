"""What the engine and its limits are set to, where a venue's own policy says nothing else."""

from datetime import timedelta

from settings.environment import integer, seconds, text

STATE_CHANGE_RATE = text("STATE_CHANGE_RATE", "1/m")
"""How often one reservation may change state: count/period, period s, m, h or d."""
IDEMPOTENCY_KEPT = seconds("IDEMPOTENCY_KEPT_SECONDS", timedelta(hours=24))
HOLDS_PER_GUEST = integer("HOLDS_PER_GUEST", 20)
"""Holds a guest may have open at once, confirmed stays not counted; 0 is no limit."""
HOLDS_PER_KEY = integer("HOLDS_PER_KEY", 20)
"""The same for a partner, over all of its keys."""
HOLDS_PER_ADDRESS = integer("HOLDS_PER_ADDRESS", 100)
"""The same for all guests and partners that book from one address."""
SWEEP_BATCH = integer("SWEEP_BATCH", 200, least=1, most=200)
"""Rows a sweep takes in one transaction; more would hold locks that bookings wait for."""
FIND_FAILURE_RATE = text("FIND_FAILURE_RATE", "10/m")
"""How often one place, or anybody for one code, may fail to prove a reservation by its phone."""
