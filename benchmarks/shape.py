"""The shape of the code: sizes, fan-out, docstrings, and names that exist twice.

`python -m benchmarks.shape` prints it. tests/config/test_shape.py holds the limits.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "api",
    "config",
    "desk",
    "guests",
    "hooks",
    "notices",
    "reservations",
    "settings",
    "venues",
    "web",
)
EXACT = re.compile(
    r"\b(Raises?|None|Yields?|Assumes|UTC|local|aware|empty|sorted|first|earliest|ids?)\b|\[\]"
    r"|\b(seconds?|minutes?|days?|minor units|by id|at most|in the order|counts? from)\b"
)
"""What makes a docstring exact: errors, None or empty results, units, order, assumptions."""


@dataclass(slots=True)
class Module:
    """One file: its dotted name, its lines, the lines of its functions, and its imports of ours."""

    name: str
    lines: int
    functions: list[int] = field(default_factory=list)
    imports: set[str] = field(default_factory=set)
    classes: list[str] = field(default_factory=list)
    public: list[str] = field(default_factory=list)
    """The docstring of each public function and method, "" without one."""


def modules(*packages: str) -> list[Module]:
    """Returns the modules of these packages without migrations, sorted by name. By
    default of all.
    """
    paths = [path for package in packages or PACKAGES for path in _paths(package)]
    known = {_dotted(path) for package in PACKAGES for path in _paths(package)}
    return [_read(path, known) for path in paths]


def fan_out(found: list[Module]) -> float:
    """Returns the mean number of our modules that a module imports. Leaves out empty modules."""
    real = [len(module.imports) for module in found if module.lines > 1]
    return sum(real) / len(real)


def exact_docstrings(found: list[Module]) -> float:
    """Returns the share of public functions whose docstring is exact."""
    every = [text for module in found for text in module.public]
    return sum(bool(EXACT.search(text)) for text in every) / len(every)


def folders(found: list[Module]) -> dict[str, int]:
    """Returns the number of modules directly in each folder, without `__init__`."""
    counted: dict[str, int] = defaultdict(int)
    for module in found:
        counted[module.name.rpartition(".")[0]] += 1
    return dict(counted)


def names_twice(found: list[Module]) -> dict[str, list[str]]:
    """Returns public classes that several modules define under one name, with those modules."""
    where: dict[str, list[str]] = defaultdict(list)
    for module in found:
        for name in module.classes:
            where[name].append(module.name)
    return {name: places for name, places in where.items() if len(places) > 1}


def _paths(package: str) -> Iterator[Path]:
    for path in sorted((ROOT / package).rglob("*.py")):
        if "migrations" not in path.parts and path.name != "__init__.py":
            yield path


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _read(path: Path, known: set[str]) -> Module:
    text = path.read_text()
    module = Module(_dotted(path), text.count("\n"))
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                assert node.end_lineno is not None
                module.functions.append(node.end_lineno - node.lineno + 1)
                if not node.name.startswith("_"):
                    module.public.append(ast.get_docstring(node) or "")
            case ast.ClassDef() if not node.name.startswith("_"):
                module.classes.append(node.name)
            case ast.ImportFrom(module=str(source)):
                names = {f"{source}.{one.name}" for one in node.names} | {source}
                module.imports |= names & known
    module.classes = [name for name in module.classes if name not in ("Meta", "Media")]
    return module


def _spread(numbers: list[int]) -> str:
    tenths = quantiles(numbers, n=10)
    return f"median {median(numbers):.0f}, p90 {tenths[8]:.0f}, max {max(numbers)}"


def main() -> None:
    """Prints the figures of all packages and of each one."""
    for packages in (PACKAGES, *((package,) for package in PACKAGES)):
        found = modules(*packages)
        functions = [lines for module in found for lines in module.functions]
        documented = [bool(text) for module in found for text in module.public]
        print(
            f"{'all' if len(packages) > 1 else packages[0]}: {len(found)} files, "
            f"{sum(module.lines for module in found):,} lines; "
            f"file {_spread([module.lines for module in found])}; function {_spread(functions)}; "
            f"over 30 lines {sum(lines > 30 for lines in functions)}; "
            f"fan-out {fan_out(found):.1f}; public docstrings "
            f"{sum(documented) / len(documented):.0%}, exact {exact_docstrings(found):.0%}"
        )
    every = modules()
    largest = sorted(folders(every).items(), key=lambda one: -one[1])[:5]
    print("largest folders:", ", ".join(f"{name} {count}" for name, count in largest))
    for name, places in sorted(names_twice(every).items()):
        print(f"class {name}: {', '.join(places)}")


if __name__ == "__main__":
    main()
