"""Slow and plain: what the engine works out, computed a second time by code of its own.

Nothing here calls the engine to work something out: it reads rows and counts. `presence` says who
is in which unit; others may add what a stay costs.
"""
