"""A process that sends on one channel until it is killed, with a lease a test can wait for."""

import os
import time
from datetime import timedelta

import django

django.setup()

# Only now: they read models.
from notices import batches, claims  # noqa: E402

if __name__ == "__main__":
    claims.LEASE = timedelta(seconds=float(os.environ["LEASE_SECONDS"]))
    # Half of it, and at least a moment where claims hold for no time.
    claims.DEADLINE = max(claims.LEASE / 2, timedelta(seconds=1))
    while True:
        if not batches.send_batch([os.environ["CHANNEL"]]):
            time.sleep(0.02)
