"""Where the units of a floor are drawn: in their place, or in rows where they have none."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from venues.models import Resource

CELL = 76
"""Side of the square that a unit is drawn in, with the space around it."""
ACROSS = 10
MOST = 200
"""Units in one picture; a larger floor is drawn in parts."""
WIDEST = 200.0
"""Cells that a picture is wide or high at most, however close together units are."""

Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Layout:
    """Top left corners by unit, and how large the picture is that holds them all."""

    places: dict[int, Place]
    width: int
    height: int


def parts(units: Iterable[Resource]) -> list[list[Resource]]:
    """The units of a floor row by row, in as many pictures as it takes."""
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
    """A place for each, none on top of another."""
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
    """Places in cells, so that those closest together just do not touch."""
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
