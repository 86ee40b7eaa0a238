"""The command: python -m benchmarks NAME, or all of them."""

import argparse
import signal
import sys
from collections.abc import Callable
from shutil import rmtree
from typing import Final

from benchmarks import (
    contended,
    create,
    embedded,
    fanout,
    first_available,
    growing,
    letters,
    listing,
    live,
    machine,
    replay,
    report,
    search,
    start,
    sweep,
)
from benchmarks.failing import Failed
from benchmarks.measuring import PAIRS, Result
from benchmarks.options import Options
from benchmarks.services import folder

BENCHMARKS: Final[dict[str, Callable[[Options], Result]]] = {
    "create": create.run,
    "contended": contended.run,
    "first_available": first_available.run,
    "availability": growing.availability,
    "slots": growing.slots,
    "list": listing.run,
    "search": search.run,
    "sweep": sweep.run,
    "fanout": fanout.run,
    "live": live.run,
    "embedded": embedded.run,
    "letters": letters.run,
    "replay": replay.run,
    "start": start.run,
}


def main() -> int:
    """Runs the named benchmarks. Returns 1 if one of them failed."""
    # Like Ctrl-C: stop what was started on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    given = vars(_parser().parse_args())
    name, is_told, is_kept = given.pop("name"), given.pop("report"), given["keep"]
    names = [name]
    if name == "all":
        names = [each for each in BENCHMARKS if given["file"] or each != "replay"]
        # Each one uses the databases that others seeded.
        given["keep"] = True
    failed = [each for each in names if not _carried_out(each, Options(**given), is_told=is_told)]
    if name == "all" and not is_kept:
        rmtree(folder(), ignore_errors=True)
    return 1 if failed else 0


def _carried_out(name: str, options: Options, *, is_told: bool) -> bool:
    print(f"== {name}", flush=True)
    where = machine.describe()
    try:
        result = BENCHMARKS[name](options)
    except Failed as failure:
        print(f"benchmarks: {name}: {failure}", file=sys.stderr)
        return False
    for figure in result.figures:
        held = {True: "reached", False: "not reached", None: ""}[figure.is_reached]
        print(f"  {figure.what}: {report.told(figure)}  {report.goal(figure)} {held}", flush=True)
    if is_told:
        report.keep(result, where)
        report.write()
    return True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=[*BENCHMARKS, "all"])
    parser.add_argument("--rows", type=int, default=1_000_000, help="reservations in the database")
    parser.add_argument("--pairs", type=int, default=PAIRS, help="turns of each side")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of one turn")
    parser.add_argument("--keep", action="store_true", help="keep the seeded databases")
    parser.add_argument("--report", action="store_true", help="write docs/performance.md")
    parser.add_argument("--file", default="", help="the year to replay")
    parser.add_argument(
        "--units", action="append", default=None, metavar="TYPE=COUNT", help="rooms to replay with"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
