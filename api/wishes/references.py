"""What a partner's own program says of a reservation, in requests: its reference and its notes."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StrictStr

from reservations.models import Reservation
from reservations.rules.guest_fields import longest
from reservations.rules.references import LONGEST_NAME, LONGEST_NOTE, MOST_NOTES
from spelling import texts

LONGEST_REFERENCE = longest("reference", of=Reservation)


def _tidy(value: Any) -> Any:
    return texts.clean(value) if isinstance(value, str) else value


def _or(blank: Callable[[], Any]) -> AfterValidator:
    """Reads null as what is blank."""
    return AfterValidator(lambda value: blank() if value is None else value)


def _named(given: dict[str, str]) -> dict[str, str]:
    for name in given:
        if not 1 <= len(name) <= LONGEST_NAME or "\x00" in name:
            raise ValueError(f"Give names of 1 to {LONGEST_NAME} characters.")
    return given


Reference = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_REFERENCE, examples=["ORDER-1815"]),
    BeforeValidator(_tidy),
]
"""Received: what the partner calls the reservation."""

Metadata = Annotated[
    dict[str, Annotated[StrictStr, Field(max_length=LONGEST_NOTE)]],
    Field(
        max_length=MOST_NOTES,
        examples=[{"channel": "app"}],
        json_schema_extra={"propertyNames": {"minLength": 1, "maxLength": LONGEST_NAME}},
    ),
    AfterValidator(_named),
]
"""Received: texts by name."""

ReferenceOrNone = Annotated[Reference | None, _or(str)]
"""Received: a reference, or null to take it away, which becomes ""."""

MetadataOrNone = Annotated[Metadata | None, _or(dict)]
"""Received: metadata, or null for none, which becomes {}."""
