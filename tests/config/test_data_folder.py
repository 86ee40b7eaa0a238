"""What an embedded installation keeps is nobody's business but that of who runs it."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from config.management import data_folder

ROOT = Path(__file__).resolve().parents[2]


def modes(folder: Path) -> dict[str, int]:
    found = [folder, *folder.rglob("*")]
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.lstat().st_mode)
        for path in found
        if not path.is_symlink()
    }


def test_what_any_command_creates_is_private_from_the_first_moment(tmp_path: Path) -> None:
    """With the usual umask, as somebody starts it who thinks of nothing."""
    kept = ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "SECRET_KEY", "JWT_SECRET")
    there = {name: value for name, value in os.environ.items() if name not in kept}
    folder = tmp_path / "new" / "data"
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "prepare"],
        env=there | {"DATA_DIR": str(folder), "DEMO": "0"},
        umask=0o022,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = modes(folder)
    assert {"holdfast.sqlite3", "secret_key.txt", "jwt_secret.txt"} <= set(found)
    assert {name: oct(mode) for name, mode in found.items() if mode & 0o077} == {}


def test_files_of_before_are_closed_with_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("not ours")
    elsewhere.chmod(0o644)
    folder = tmp_path / "data"
    (folder / "mail").mkdir(parents=True)
    (folder / "mail" / "letter.log").write_text("a link")
    (folder / "link").symlink_to(elsewhere)
    for path, mode in ((folder, 0o755), (folder / "mail", 0o755)):
        path.chmod(mode)
    (folder / "mail" / "letter.log").chmod(0o644)
    assert data_folder.tighten(folder) == 3
    assert modes(folder) == {".": 0o700, "mail": 0o700, "mail/letter.log": 0o600}
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o644
    assert "Closed 3 files and folders" in caplog.text
    caplog.clear()
    assert data_folder.tighten(folder) == 0
    assert not caplog.text
