"""Types and schemas that all routers share."""

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, ClassVar, TypeVar
from zoneinfo import ZoneInfo

import ninja
from django.core.exceptions import ValidationError
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    TypeAdapter,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from api import bodies
from reservations.errors import Invalid, NotFound
from reservations.rules.modes import YEARS
from venues import prices
from venues.currencies import is_currency
from venues.time_zones import is_time_zone

LARGEST_ID = 2**63 - 1
LARGEST_AMOUNT = 10**12
"""Minor units."""
_AMOUNT = r"[0-9]{1,13}(\.[0-9]{1,4})?"
_LOCAL_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:00)?"


_BLANKS: dict[Any, Any] = {str: "", bool: False}

Moment = TypeVar("Moment", date, datetime)


class Schema(BaseModel):
    """The base of everything received. Refuses NUL in any text, and fields that it does not have.

    It is not Ninja's own base, which wraps every input in an object to read its fields.
    """

    model_config = ConfigDict(extra="forbid")

    removable: ClassVar[frozenset[str]] = frozenset()
    """Fields whose value a merge patch removes with null."""

    @model_validator(mode="before")
    @classmethod
    def _readable(cls, values: Any, info: ValidationInfo) -> Any:
        if values is None or isinstance(values, list | str | int | float):
            raise ValueError("Give a JSON object.")
        pointer = _nul_in(values)
        if pointer is not None:
            raise Invalid(pointer, "Text must not contain NUL characters.")
        if isinstance(values, dict) and None in values.values() and _is_merge_patch(info):
            removed = {name: cls._removed(name) for name, one in values.items() if one is None}
            return values | removed
        return values

    @classmethod
    def _removed(cls, name: str) -> Any:
        """Returns what a field has after its value is removed: its type's blank, else None."""
        return _BLANKS.get(cls.model_fields[name].annotation) if name in cls.removable else None


def _is_merge_patch(info: ValidationInfo) -> bool:
    request = (info.context or {}).get("request")
    return request is not None and bodies.is_merge_patch(request.content_type or "")


def _nul_in(document: Any) -> str | None:
    """Returns the JSON pointer of the first NUL found, without its leading slash. None without one.

    It loops instead of recursing, because a document may be nested deeply.
    """
    found: list[tuple[str, Any]] = [("", document)]
    while found:
        path, value = found.pop()
        if isinstance(value, str) and "\x00" in value:
            return path.removeprefix("/")
        if isinstance(value, dict):
            found += [(f"{path}/{key}", inner) for key, inner in value.items()]
        elif isinstance(value, list):
            found += [(f"{path}/{index}", inner) for index, inner in enumerate(value)]
    return None


def _with_offset(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("Give the time with its offset, such as 2027-03-01T12:00:00Z.")
    return _within_years(value).astimezone(UTC)


def _within_years(value: Moment) -> Moment:
    if value.year not in YEARS:
        raise ValueError(f"Give a year between {YEARS.start - 1} and {YEARS.stop}.")
    return value


def _not_a_number(value: Any) -> Any:
    # Without this, pydantic reads numbers as seconds since 1970, which nobody means.
    if not isinstance(value, str | date | datetime):
        raise ValueError("Give this as text in ISO 8601.")
    if isinstance(value, str) and value.strip().lstrip("+-").replace(".", "", 1).isdigit():
        raise ValueError("Give this as text in ISO 8601, such as 2027-03-01.")
    return value


def _first_instant(value: Any) -> Any:
    is_day = isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value)
    return f"{value}T00:00:00Z" if is_day else value


def to_z(value: datetime) -> str:
    """Returns an instant as text in UTC with `Z`."""
    # Instants from the database are in UTC already, and a page of a list has hundreds.
    utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    return utc.isoformat()[: -len("+00:00")] + "Z"


Instant = Annotated[
    datetime,
    BeforeValidator(_not_a_number),
    AfterValidator(_with_offset),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""Received: RFC 3339 with an offset. Becomes UTC."""

Day = Annotated[
    date,
    BeforeValidator(_not_a_number),
    AfterValidator(_within_years),
    WithJsonSchema({"type": "string", "format": "date"}),
]
"""Received: YYYY-MM-DD."""


def _day_or_instant(value: Any) -> Any:
    given = _not_a_number(value)
    if isinstance(given, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", given):
        return _instants.validate_python(given)
    return _days.validate_python(given)


_days: TypeAdapter[date] = TypeAdapter(Day)
_instants: TypeAdapter[datetime] = TypeAdapter(Instant)

DayOrInstant = Annotated[
    date,
    PlainValidator(_day_or_instant),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "format": kind} for kind in ("date", "date-time")]}
    ),
]
"""Received: a date, or an instant with its offset, which becomes UTC."""

Bound = Annotated[
    Instant,
    BeforeValidator(_first_instant),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "format": kind} for kind in ("date-time", "date")]}
    ),
]
"""Received in an address: an instant, or a date, which means its first instant in UTC."""


def _local(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(_LOCAL_TIME, value):
        raise ValueError("Give a local time as HH:MM, in whole minutes.")
    return value


LocalTime = Annotated[
    time,
    BeforeValidator(_local),
    WithJsonSchema({"type": "string", "pattern": f"^{_LOCAL_TIME}$"}),
]
"""Received: a local time of day without an offset, such as 09:30."""

InstantOut = Annotated[
    datetime,
    PlainSerializer(to_z, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""Sent: UTC with Z."""


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _true_or_false(value: Any) -> Any:
    # Python calls 1 equal to True.
    if not isinstance(value, bool):
        raise ValueError("Give true or false.")
    return value


WHOLE = BeforeValidator(_whole)
"""Beside a strict integer: reads 1.0 as 1, because JSON has one kind of number."""

BOOLEAN = BeforeValidator(_true_or_false)
"""Beside a Literal of a boolean: refuses numbers."""


def _id(value: Any) -> str:
    value = _whole(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("Give the id exactly as this server returned it.")
    return str(value)


Id = Annotated[
    str,
    BeforeValidator(_id),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer"}]}),
]
"""Received: an id that this server gave out, as text or number."""


class Money(ninja.Schema):
    """An amount with the currency's own number of decimals."""

    model_config = ConfigDict(extra="forbid")

    amount: Annotated[str, Field(examples=["120.00"])]
    currency: Annotated[str, Field(examples=["EUR"])]


class FieldError(ninja.Schema):
    pointer: str
    detail: str


class Problem(ninja.Schema):
    """RFC 9457. `code` is stable; `detail` is for people."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: list[FieldError] | None = None
    alternatives: Annotated[
        list[dict[str, Any]] | None,
        Field(
            description=(
                "Beside a refused time: up to three that could be booked at this moment, nearest "
                "first, in the words of the call; sent back in its place, one is a new request."
            )
        ),
    ] = None


def money(amount_minor: int, currency: str) -> dict[str, str]:
    """Returns the document of a Money from minor units."""
    return {"amount": str(prices.decimal(amount_minor, currency)), "currency": currency}


def parse_id(given: str | int) -> int:
    """Returns the key that an id stands for. Raises NotFound, without a query, for text that cannot
    be an id.
    """
    text = str(given)
    # str.isdigit also accepts digits of other scripts, and int() reads them.
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(LARGEST_ID)):
        raise NotFound
    key = int(text)
    if not 1 <= key <= LARGEST_ID:
        raise NotFound
    return key


def problems(*statuses: int) -> dict[int, Any]:
    """Returns the `response=` entries for problem documents with these statuses."""
    return dict.fromkeys(statuses, Problem)


def money_minor(given: Money, *, field: str) -> int:
    """Returns a received amount in minor units. Raises Invalid, naming the field, if it is not a
    price.
    """
    # Decimal accepts much more: 1e999990 takes a minute to write out as an integer.
    is_amount = re.fullmatch(_AMOUNT, given.amount)
    amount = Decimal(given.amount if is_amount else "NaN").scaleb(prices.exponent(given.currency))
    if not is_amount or amount != int(amount) or amount > LARGEST_AMOUNT:
        raise Invalid(field, 'Give an amount such as "2.50", with the decimals of the currency.')
    if not is_currency(given.currency):
        raise Invalid(field, "Give the currency as an ISO 4217 code, such as EUR.")
    return int(amount)


def zone(name: str, *, field: str) -> ZoneInfo:
    """Returns the IANA zone of that name. Raises Invalid, naming the field, if there is none."""
    try:
        is_time_zone(name)
    except ValidationError as fault:
        raise Invalid(field, f"{name} is not an IANA time zone.") from fault
    return ZoneInfo(name)
