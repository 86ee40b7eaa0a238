"""Validators of fields that hold lengths and rates."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

LEAST_GRID = timedelta(minutes=5)
"""The shortest slot or step. A day of shorter ones is a grid that nobody can read."""


def is_grid(length: timedelta) -> None:
    """Raises ValidationError for a slot or step shorter than LEAST_GRID."""
    if length < LEAST_GRID:
        raise ValidationError(_("Give at least five minutes."))


def is_rate(text: str) -> None:
    """Raises ValidationError for a text that is not count/period, such as 1/m or 10/h."""
    RegexValidator(r"^[1-9][0-9]{0,5}/[smhd]\Z", "Give a rate as count/period: 1/m, 10/h.")(text)
