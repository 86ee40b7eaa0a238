"""Pages of lists: newest first by key, with an opaque cursor to the next page."""

import base64
import binascii
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from django.db.models import Model, QuerySet
from pydantic import Field

from api.schemas import LARGEST_ID, Schema
from reservations.errors import Invalid

Row = TypeVar("Row", bound=Model)
Named = TypeVar("Named")
"""A row of a model, or named values of one. Both have `pk`."""

DEFAULT_LIMIT, LARGEST_LIMIT = 50, 200


class Page(Schema):
    """How much of a list to answer, and from where."""

    limit: Annotated[int, Field(ge=1, le=LARGEST_LIMIT)] = DEFAULT_LIMIT
    cursor: str | None = None


def page(rows: QuerySet[Row], asked: Page, render: Callable[[Row], Any]) -> dict[str, Any]:
    """Returns one page of `rows`, newest first. `next_cursor` is None on the last page.

    Raises Invalid for a cursor that this server did not give out.
    """
    return page_of(rows, asked, lambda found: [render(row) for row in found])


def page_of(
    rows: QuerySet[Any, Named], asked: Page, render: Callable[[list[Named]], list[Any]]
) -> dict[str, Any]:
    """Returns one page of `rows` as `page` does, but `render` gets all rows of the page together.

    Raises Invalid for a cursor that this server did not give out.
    """
    if asked.cursor is not None:
        rows = rows.filter(pk__lt=_read(asked.cursor))
    found = list(rows.order_by("-pk")[: asked.limit + 1])
    more = len(found) > asked.limit
    shown: list[Any] = found[: asked.limit]
    return {
        "items": render(shown),
        "next_cursor": _write(shown[-1].pk) if more else None,
    }


def _write(key: int) -> str:
    return base64.urlsafe_b64encode(f"k{key}".encode()).decode().rstrip("=")


def _read(cursor: str) -> int:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key = int(text.removeprefix(b"k"))
    except (binascii.Error, ValueError):
        key = 0
    if not 1 <= key <= LARGEST_ID or _write(key) != cursor:
        raise Invalid(
            "cursor", "This cursor is not valid. Use `next_cursor` from an earlier answer."
        )
    return key
