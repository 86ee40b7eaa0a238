"""Settings of the engine and its limits. A venue's own policy overrides the rate of changes."""

from datetime import timedelta

from settings.environment import integer, seconds, text

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
SWEEP_BATCH = integer("SWEEP_BATCH", 200, least=1, most=200)
"""Rows that a sweep takes in one transaction. More would hold locks that bookings wait for."""
FIND_FAILURE_RATE = text("FIND_FAILURE_RATE", "10/m")
"""Failed attempts to prove a reservation, of one network and for one code."""
