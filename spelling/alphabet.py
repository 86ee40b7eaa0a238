"""The order of names: by a reader's alphabet, É beside E and a beside A, and not by byte."""

from typing import Any

from django.db.models import Func

from spelling import search_text

COLLATION = "alphabet"
"""The name that connections of SQLite know `compare` by."""


class Alphabetical(Func):
    """Sorts a text of the database, on both databases. For `order_by` and `Meta.ordering`."""

    arity = 1

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """The alphabet of all languages, which the database brings along."""
        template = '%(expressions)s COLLATE "und-x-icu"'
        return super().as_sql(compiler, connection, template=template, **context)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Calls `compare`."""
        template = f"%(expressions)s COLLATE {COLLATION}"
        return super().as_sql(compiler, connection, template=template, **context)


def compare(one: str, other: str) -> int:
    """Returns less than 0, 0 or more than 0, as `one` comes before, with or after `other`."""
    first, second = (search_text.compact(text) for text in (one, other))
    return (first > second) - (first < second)
