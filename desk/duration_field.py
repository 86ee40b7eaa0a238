"""A form field for durations in words, such as `1 day 12 hours`."""

import re
from datetime import timedelta
from typing import Any

from django import forms

from venues.wording import clock, duration

_SIZES = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PART = re.compile(
    r"(\d{1,6})\s*(weeks?|w|days?|d|hours?|h|minutes?|mins?|m|seconds?|secs?|s)\b\s*,?\s*",
    re.IGNORECASE,
)
_HOUR = re.compile(r"([0-3]?\d|4[0-7]):([0-5]\d)", re.ASCII)
_LONGEST = timedelta(days=10_000)


class LengthField(forms.Field):
    """Shows and reads a timedelta in words. An empty field is None."""

    def prepare_value(self, value: Any) -> Any:
        """Returns a timedelta in words; other values as they are."""
        return duration(value) if isinstance(value, timedelta) else value

    def to_python(self, value: Any) -> timedelta | None:
        """Returns a timedelta, or None for an empty field. Raises ValidationError."""
        if value in self.empty_values:
            return None
        return read(str(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compares durations: `90 minutes` and `1h 30m` are the same."""
        try:
            return bool(self.to_python(data) != initial)
        except forms.ValidationError:
            return True


class HourField(LengthField):
    """Shows and reads a time of the day that may lie past midnight, such as `24:00` or `26:30`."""

    def prepare_value(self, value: Any) -> Any:
        """Returns a timedelta since midnight as `HH:MM`; other values as they are."""
        return clock(value) if isinstance(value, timedelta) else value

    def to_python(self, value: Any) -> timedelta | None:
        """Returns the time since midnight, or None for an empty field. Raises ValidationError."""
        if value in self.empty_values:
            return None
        found = _HOUR.fullmatch(str(value).strip())
        if found is None:
            raise forms.ValidationError("Write it as 22:00, 24:00 or, past midnight, 26:00.")
        return timedelta(hours=int(found[1]), minutes=int(found[2]))


def read(text: str) -> timedelta:
    """Reads `90 minutes`, `1 day 2 hours`, `1h 30m` or `no time`. Raises ValidationError."""
    text = text.strip()
    if text.lower() in ("0", "no time", "none"):
        return timedelta(0)
    rest, length = text, timedelta(0)
    while found := _PART.match(rest):
        length += timedelta(seconds=int(found[1]) * _SIZES[found[2][0].lower()])
        rest = rest[found.end() :]
    if rest or rest == text or length > _LONGEST:
        raise forms.ValidationError("Write it as 30 minutes, 1 hour 30 minutes or 2 days.")
    return length
