"""The command: python -m benchmarks NAME, or all of them."""

import argparse
import sys
from collections.abc import Callable
from typing import Final

from benchmarks import contended, create, first_available, growing, listing
from benchmarks.failing import Failed
from benchmarks.measuring import PAIRS, Figure, Result
from benchmarks.options import Options

BENCHMARKS: Final[dict[str, Callable[[Options], Result]]] = {
    "create": create.run,
    "contended": contended.run,
    "first_available": first_available.run,
    "availability": growing.availability,
    "slots": growing.slots,
    "list": listing.run,
}


def main() -> int:
    """Run what is named; 1 when something did not do what it should."""
    given = _parser().parse_args()
    names = list(BENCHMARKS) if given.name == "all" else [given.name]
    options = Options(
        rows=given.rows, pairs=given.pairs, seconds=given.seconds, keep=given.keep, file=given.file
    )
    for name in names:
        print(f"== {name}", flush=True)
        try:
            result = BENCHMARKS[name](options)
        except Failed as failure:
            print(f"benchmarks: {name}: {failure}", file=sys.stderr)
            return 1
        for figure in result.figures:
            print(f"  {line(figure)}", flush=True)
    return 0


def line(figure: Figure) -> str:
    """One figure in words."""
    told = f"{figure.what}: {figure.value:.2f}{figure.unit}"
    if figure.spread:
        told += f" ({figure.spread[0]:.2f} to {figure.spread[1]:.2f})"
    if figure.goal is not None:
        sign = "≥" if figure.is_least else "≤"
        told += (
            f", goal {sign} {figure.goal:g}: {'reached' if figure.is_reached else 'not reached'}"
        )
    return told


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=[*BENCHMARKS, "all"])
    parser.add_argument("--rows", type=int, default=1_000_000, help="reservations there before")
    parser.add_argument("--pairs", type=int, default=PAIRS, help="turns of each side")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of one turn")
    parser.add_argument("--keep", action="store_true", help="keep the seeded databases")
    parser.add_argument("--file", default="", help="the year to replay")
    return parser


if __name__ == "__main__":
    sys.exit(main())
