"""What the engine and its limits are set to, where a venue's own policy says nothing else."""

from datetime import timedelta

from settings.environment import integer, seconds, text

STATE_CHANGE_RATE = text("STATE_CHANGE_RATE", "1/m")
"""How often one reservation may change state: count/period, period s, m, h or d."""
IDEMPOTENCY_KEPT = seconds("IDEMPOTENCY_KEPT_SECONDS", timedelta(hours=24))
SWEEP_BATCH = integer("SWEEP_BATCH", 200, least=1, most=200)
"""Rows a sweep takes in one transaction; more would hold locks that bookings wait for."""
