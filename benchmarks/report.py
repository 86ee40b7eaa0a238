"""Writes docs/performance.md and its plots from the last result of each benchmark."""

import json
from pathlib import Path
from typing import Any

from benchmarks import plots
from benchmarks.machine import Machine
from benchmarks.measuring import Figure, Result, Row, per_second
from benchmarks.worlds import ROOT

ORDER = (
    "create", "contended", "first_available", "availability", "slots", "list", "search", "sweep",
    "fanout", "live", "embedded", "letters", "replay", "start",
)  # fmt: skip

_OPENING = """\
# Performance

Written by `python -m benchmarks`; do not edit. Every figure is a ratio of two sides that took turns
in one run (A B A B …). It is the median of the pairs, with the lowest and the highest in brackets.
Others use the machine too, so differences under 30 % are noise.
[Benchmarks](../benchmarks/README.md) explains how to measure again.
"""


def keep(result: Result, machine: Machine, *, root: Path = ROOT) -> None:
    """Stores a result for this and later reports."""
    folder = root / "benchmarks" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    document = {"machine": machine.document(), **result.document()}
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    (folder / f"{result.name}.json").write_text(text, encoding="utf-8")


def write(*, root: Path = ROOT) -> None:
    """Writes the report of all stored results."""
    kept, docs = root / "benchmarks" / "results", root / "docs"
    found = [path for path in (kept / f"{name}.json" for name in ORDER) if path.exists()]
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in found]
    plotted = docs / "performance"
    plotted.mkdir(parents=True, exist_ok=True)
    sections = [_section(document, plotted) for document in documents]
    text = "\n".join([_OPENING, _summary(documents), *sections])
    (docs / "performance.md").write_text(text, encoding="utf-8")


def told(figure: Figure) -> str:
    """Returns a figure as text, with its lowest and highest pair."""
    value = f"{figure.value:.2f}".rstrip("0").rstrip(".") + figure.unit
    if figure.spread is None:
        return value
    return f"{value} ({figure.spread[0]:.2f} to {figure.spread[1]:.2f})"


def goal(figure: Figure) -> str:
    """Returns the goal of a figure as text. "" without one."""
    if figure.goal is None:
        return ""
    return f"{'≥' if figure.is_least else '≤'} {figure.goal:g}{figure.unit}"


def _summary(documents: list[dict[str, Any]]) -> str:
    lines = ["| figure | result | goal | |", "| --- | --- | --- | --- |"]
    for document in documents:
        for figure in _figures(document):
            reached = {True: "reached", False: "**not reached**", None: ""}[figure.is_reached]
            lines.append(f"| {figure.what} | {told(figure)} | {goal(figure)} | {reached} |")
    return "\n".join([*lines, ""])


def _section(document: dict[str, Any], plotted: Path) -> str:
    name, rows = document["name"], [Row(**row) for row in document["rows"]]
    parts = [f"## `{name}`: {document['title']}", ""]
    if rows:
        parts += [_table(rows), "", f"![{document['title']}](performance/{name}.svg)", ""]
        (plotted / f"{name}.svg").write_text(_drawn(document, rows), encoding="utf-8")
    parts += [*document["notes"], "", f"*{_machine(document['machine'])}*", ""]
    return "\n".join(parts)


def _drawn(document: dict[str, Any], rows: list[Row]) -> str:
    title, series = document["title"], document["series"]
    return (
        plots.lines(title, series, tuple(document["axes"])) if series else plots.bars(title, rows)
    )


def _table(rows: list[Row]) -> str:
    lines = [
        "| side | per second | median, ms | 99th percentile, ms | server's processor, ms |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        processor = f"{row.processor_ms:,.2f}" if row.processor_ms else ""
        lines.append(
            f"| {row.side} | {per_second(row.rate)} | {row.median_ms:,.2f} | {row.p99_ms:,.2f} | "
            f"{processor} |"
        )
    return "\n".join(lines)


def _figures(document: dict[str, Any]) -> list[Figure]:
    return [Figure(**figure) for figure in document["figures"]]


def _machine(facts: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
    return (
        f"{facts['date']}, commit {facts['commit']}; {facts['processor']}, {facts['cores']} cores, "
        f"{facts['memory_gib']} GiB, {facts['system']}, load {facts['load']} before the run; "
        f"{versions}."
    )
