"""Places the units of a floor in a picture: by their coordinates, or in rows without."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from venues.models import Resource

CELL = 76
"""Side of the square for a unit with the space around it, in units of the view box."""
ACROSS = 10
"""Units in a row, for units without coordinates."""
MOST = 200
"""Units in one picture. A larger floor has several."""
WIDEST = 200.0
"""Cells in the width and height of a picture, at most, however close together units are."""

Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Layout:
    """The top left corner of each unit by id, and the size of the picture."""

    places: dict[int, Place]
    width: int
    height: int


def parts(units: Iterable[Resource]) -> list[list[Resource]]:
    """Returns the units of a floor, sorted by coordinates and rank, in parts of at most MOST units.

    An empty floor is one empty part.
    """
    inf = float("inf")
    ordered = sorted(
        units,
        key=lambda unit: (
            inf if unit.plan_y is None else unit.plan_y,
            inf if unit.plan_x is None else unit.plan_x,
            unit.rank,
            unit.pk,
        ),
    )
    return [ordered[at : at + MOST] for at in range(0, len(ordered), MOST)] or [[]]


def layout(units: Sequence[Resource]) -> Layout:
    """Places each unit so that none covers another. Units without coordinates go
    below the others.
    """
    placed = {
        unit.pk: (unit.plan_x, unit.plan_y)
        for unit in units
        if unit.plan_x is not None and unit.plan_y is not None
    }
    cells = _on_grid(placed) if len(set(placed.values())) == len(placed) else {}
    below = max((y for _, y in cells.values()), default=-1.0) + 1
    others = [unit.pk for unit in units if unit.pk not in cells]
    cells |= {
        pk: (float(number % ACROSS), below + number // ACROSS) for number, pk in enumerate(others)
    }
    places = {pk: (round(x * CELL, 1), round(y * CELL, 1)) for pk, (x, y) in cells.items()}
    return Layout(
        places,
        round(max((x for x, _ in places.values()), default=0) + CELL),
        round(max((y for _, y in places.values()), default=0) + CELL),
    )


def _on_grid(placed: dict[int, Place]) -> dict[int, Place]:
    """Scales coordinates to cells so that the closest units just do not touch."""
    across = _scale([x for x, _ in placed.values()])
    down = _scale([y for _, y in placed.values()])
    left = min((x for x, _ in placed.values()), default=0.0)
    top = min((y for _, y in placed.values()), default=0.0)
    return {pk: ((x - left) * across, (y - top) * down) for pk, (x, y) in placed.items()}


def _scale(values: Sequence[float]) -> float:
    found = sorted(set(values))
    gaps = [after - before for before, after in pairwise(found)]
    if not gaps:
        return 1.0
    return min(1 / min(gaps), WIDEST / (found[-1] - found[0]))
