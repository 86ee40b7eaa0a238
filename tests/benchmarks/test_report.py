"""The report: figures against goals, tables, plots that are XML, several results in one."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks import report
from benchmarks.__main__ import BENCHMARKS
from benchmarks.machine import Machine
from benchmarks.measuring import Figure, Result, Row

MACHINE = Machine(
    date="2027-01-01 12:00 UTC",
    commit="abc",
    processor="A & B",
    cores=2,
    memory_gib=24,
    system="Linux",
    load=0.5,
    versions={"Python": "3.11"},
)


def test_every_benchmark_has_its_place_in_the_report() -> None:
    assert set(report.ORDER) == set(BENCHMARKS)


def result(name: str, **fields: Any) -> Result:
    return Result(
        name=name,
        title=f"About {name} & <more>",
        figures=[
            Figure(what=f"{name} ÷ bare", value=0.5, goal=0.4, spread=(0.4, 0.6)),
            Figure(what=f"{name} faults", value=3, goal=0, is_least=False),
        ],
        rows=[Row(side="ours", rate=50, median_ms=20, p99_ms=40, processor_ms=1.5)],
        **fields,
    )


@pytest.fixture
def written(tmp_path: Path) -> Path:
    report.keep(result("list"), MACHINE, root=tmp_path)
    series = {"slots": [(10_000.0, 5.0), (1_000_000.0, 6.0)]}
    report.keep(result("slots", series=series, axes=("rows", "ms")), MACHINE, root=tmp_path)
    report.write(root=tmp_path)
    return tmp_path / "docs"


def test_every_kept_result_is_in_the_report(written: Path) -> None:
    text = (written / "performance.md").read_text(encoding="utf-8")
    assert "| list ÷ bare | 0.5 (0.40 to 0.60) | ≥ 0.4 | reached |" in text
    assert "| slots faults | 3 | ≤ 0 | **not reached** |" in text
    assert text.index("## `slots`") < text.index("## `list`")
    assert "commit abc" in text


@pytest.mark.parametrize("name", ["list", "slots"])
def test_a_plot_is_xml_and_says_what_it_shows(written: Path, name: str) -> None:
    drawn = ET.fromstring((written / "performance" / f"{name}.svg").read_text())
    assert drawn.get("aria-label") == f"About {name} & <more>"
    assert list(drawn)
