"""The database alone: pgbench runs the SQL of benchmarks/sql with as many clients."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.failing import Failed
from benchmarks.measuring import Sample
from benchmarks.services import binary

SQL = Path(__file__).parent / "sql"


def pgbench(
    url: str, script: str, *, clients: int, until: Sequence[str], values: Mapping[str, object]
) -> Sample:
    """Runs one turn of `script` with these variables. `until` is an option that limits pgbench.

    Raises Failed if pgbench reports an error.
    """
    with TemporaryDirectory() as folder:
        options = [f"--define={name}={value}" for name, value in values.items()]
        done = subprocess.run(
            [
                str(binary("pgbench")), "--no-vacuum", "--client", str(clients), "--jobs", "1",
                "--protocol", "prepared", "--max-tries", "10000", *until, "--log",
                f"--log-prefix={folder}/log", "--file", str(SQL / script), *options, url,
            ],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode or "ERROR" in done.stderr:
            raise Failed(f"pgbench failed: {done.stderr[-800:]}")
        return _sample(Path(folder))


def _sample(folder: Path) -> Sample:
    """Reads the log of pgbench: client, transaction, microseconds, script, second, microsecond."""
    rows = [line.split() for log in folder.iterdir() for line in log.read_text().splitlines()]
    times = [int(row[2]) / 1e6 for row in rows]
    ends = [int(row[4]) + int(row[5]) / 1e6 for row in rows]
    begins = [end - time for end, time in zip(ends, times, strict=True)]
    return Sample(times, max(ends) - min(begins))
