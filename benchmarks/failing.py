"""The exception of a failed benchmark."""


class Failed(Exception):  # noqa: N818 - the outcome of a measurement, as others are
    """The product did not do what it should, or the machine lacks something."""
