"""The one way in which a benchmark fails."""


class Failed(Exception):  # noqa: N818 - the outcome of a measurement, as others are
    """What was measured did not do what it should, or the machine lacks something it needs."""
