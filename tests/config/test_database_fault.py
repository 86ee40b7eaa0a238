"""A database that cannot be used: one line that says what to do, and exit code 1."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, ProgrammingError

from config import database_fault
from tests.config.test_starting import free_port

ROOT = Path(__file__).resolve().parents[2]
SQLITE = {"ENGINE": "config.sqlite", "NAME": "/there/is.sqlite3"}
POSTGRESQL = {"ENGINE": "config.postgres", "NAME": "holdfast"}
REFUSED = (
    'connection failed: connection to server at "::1", port 1 failed: Connection refused\n\tIs'
)
ABSENT = (
    'connection failed: connection to server at "x", port 1 failed: FATAL:  database "y" is not'
)


def run(*command: str, **values: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=kept | values,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1, done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("holdfast: ")
    assert "Traceback" not in done.stderr
    return last


@pytest.mark.parametrize("command", ["serve", "prepare"])
def test_a_corrupt_file_gives_one_line_and_is_left_as_it_is(tmp_path: Path, command: str) -> None:
    file = tmp_path / "holdfast.sqlite3"
    file.write_text("not a database " * 1_000)
    said = one_line(run("manage.py", command, DATA_DIR=str(tmp_path), PORT=str(free_port())))
    assert str(file) in said and "backup" in said
    assert file.read_text() == "not a database " * 1_000


def test_a_database_that_nobody_serves_gives_one_line_without_the_secret(tmp_path: Path) -> None:
    url = "postgres://somebody:hush-hush@127.0.0.1:1/holdfast"
    done = run("manage.py", "prepare", DATA_DIR=str(tmp_path), DATABASE_URL=url)
    assert "DATABASE_URL" in one_line(done)
    assert "hush-hush" not in done.stderr


def test_a_worker_with_a_bad_value_says_so_in_one_line(tmp_path: Path) -> None:
    command = ("-m", "celery", "--app", "config.celery", "worker")
    done = run(*command, DATA_DIR=str(tmp_path), DATABASE_URL="mysql://x")
    assert "DATABASE_URL is not valid" in one_line(done)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("file is not a database", "backup"),
        ("database disk image is malformed", "backup"),
        ("unable to open database file", "DATA_DIR"),
        ("attempt to write a readonly database", "writable"),
        ("disk I/O error", "disk"),
        ("database or disk is full", "room"),
        ("database is locked", "Stop"),
        ("no such table: guests_user", "prepare"),
    ],
)
def test_what_sqlite_says_comes_with_what_to_do(said: str, advice: str) -> None:
    line = database_fault.line(OperationalError(said), SQLITE)
    assert line is not None and said in line and advice in line and "/there/is.sqlite3" in line


@pytest.mark.parametrize("said", [REFUSED, ABSENT, "failed to resolve host 'x': [Errno -2] Name"])
def test_what_postgresql_says_names_the_setting(said: str) -> None:
    line = database_fault.line(OperationalError(said), POSTGRESQL)
    assert line is not None and "DATABASE_URL" in line and "\n" not in line
    assert "FATAL" not in line


@pytest.mark.parametrize(
    "fault",
    [
        OperationalError("no such column: x"),
        OperationalError(""),
        IntegrityError("not a database"),
        ProgrammingError("connection"),
    ],
)
def test_a_fault_of_ours_keeps_its_traceback(fault: DatabaseError) -> None:
    for database in (SQLITE, POSTGRESQL):
        assert database_fault.line(fault, database) is None
