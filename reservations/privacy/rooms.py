"""The rooms of personal data above the engine, such as letters: each registers with `register`.

Erasure, its preview, retention and the export of a person's data ask every room.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any, Protocol

from django.db.models import Q

from reservations.privacy.subjects import DataSubject


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalRows:
    """By what a room finds the rows of a person, or of stays that are old.

    `words` are addresses (folded) and numbers (E.164) that the person has proven.
    """

    reservation_ids: Sequence[int] = ()
    user_ids: frozenset[int] = frozenset()
    words: frozenset[str] = frozenset()


class Room(Protocol):
    """One place with personal data. Its methods are called in the transaction of their caller."""

    def keep(self) -> Q:
        """Returns the condition of stays that retention leaves alone for now; Q() for none."""
        ...

    def blank(self, rows: PersonalRows) -> Mapping[str, int]:
        """Takes the person out, before the reservations are blanked. Returns how many rows of each
        kind. Files are deleted after the commit.
        """
        ...

    def count(self, rows: PersonalRows) -> Mapping[str, int]:
        """Returns what `blank` would return. Changes nothing."""
        ...

    def export(self, rows: PersonalRows) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Returns what is held of the person, as plain values by kind of row."""
        ...


ROOMS: dict[str, Room] = {}


def register(name: str, room: Room) -> None:
    """Adds a room, for `AppConfig.ready`. The last one of a name counts."""
    ROOMS[name] = room


def rows_of(person: DataSubject, reservation_ids: Sequence[int]) -> PersonalRows:
    """Returns by what the rows of a person are found. A number that nobody proved is left out."""
    return PersonalRows(
        reservation_ids=reservation_ids,
        user_ids=person.user_ids,
        words=person.emails | person.phones | person.texted,
    )


def blank(rows: PersonalRows) -> Counter[str]:
    """Takes a person out of every room. Assumes a transaction."""
    return _sum([room.blank(rows) for room in ROOMS.values()])


def count(rows: PersonalRows) -> Counter[str]:
    """Returns what `blank` would return. Changes nothing."""
    return _sum([room.count(rows) for room in ROOMS.values()])


def export(rows: PersonalRows) -> dict[str, list[dict[str, Any]]]:
    """Returns what every room holds of a person."""
    told: dict[str, list[dict[str, Any]]] = {}
    for room in ROOMS.values():
        for kind, held in room.export(rows).items():
            told.setdefault(kind, []).extend(dict(row) for row in held)
    return told


def released() -> Q:
    """Returns the condition of reservations that no room keeps."""
    kept = (room.keep() for room in ROOMS.values())
    return reduce(and_, (~condition for condition in kept if condition), Q())


def _sum(counts: Sequence[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in counts:
        # Zeros too, so that a preview and the erasure name the same kinds.
        for name, number in each.items():
            total[name] += number
    return total
