"""Several processes that begin on one data folder: one does the work, and one serves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.management.commands.serve import _only_one

ROOT = Path(__file__).resolve().parents[2]


def test_a_second_server_is_refused_though_the_lock_file_was_removed(tmp_path: Path) -> None:
    with _only_one(tmp_path):
        (tmp_path / "serve.lock").unlink()
        with pytest.raises(SystemExit, match="already runs"), _only_one(tmp_path):
            pass
    with _only_one(tmp_path):
        pass


@pytest.mark.long
def test_four_that_prepare_a_new_database_at_once_all_succeed(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    values = kept | {"DATA_DIR": str(tmp_path), "DEMO": "1"}
    began = [
        subprocess.Popen(
            [sys.executable, "manage.py", "prepare"],
            cwd=ROOT,
            env=values,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(4)
    ]
    said = [one.communicate(timeout=240)[0] for one in began]
    assert [one.returncode for one in began] == [0] * 4, said
    assert not any("Traceback" in one for one in said)
    # All of them tell the same log-ins.
    assert len({one[one.index("Log in as") :] for one in said}) == 1
