"""Paying before a reservation is confirmed: what stands in the way, and how long a hold lasts."""
