"""The commands of bin/, typed in a clone of the project by somebody who has nothing else."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.commands

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 240


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git has, and what is in the working tree beside it, in a folder with a space."""
    there = tmp_path_factory.mktemp("a stranger's") / "holdfast"
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout.decode()
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (there / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, there / name)
    done = run(there, "bin/setup")
    assert done.returncode == 0, done.stderr
    return there


def environment(**values: str) -> dict[str, str]:
    ours = ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "DATA_DIR", "DJANGO_SETTINGS_MODULE")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    kept["PATH"] = os.pathsep.join(
        part for part in kept["PATH"].split(os.pathsep) if ".venv" not in part
    )
    return kept | {"PYTHONWARNINGS": "default"} | values


def run(clone: Path, *command: str, **values: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(clone / command[0]), *command[1:]],
        env=environment(**values),
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def without_environment(clone: Path, tmp_path: Path) -> Path:
    there: Path = shutil.copytree(
        clone, tmp_path / "new", ignore=shutil.ignore_patterns(".venv", ".data")
    )
    return there


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answer(port: int, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as response:
        body: bytes = response.read()
        return body


@contextmanager
def serving(clone: Path, data: Path, port: int, **values: str) -> Iterator[subprocess.Popen[str]]:
    """bin/run until it is ready; stopped by Ctrl-C, which must be all it takes."""
    process = subprocess.Popen(
        [str(clone / "bin" / "run")],
        env=environment(DATA_DIR=str(data), PORT=str(port), **values),
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        wait_until_ready(process, port)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=PATIENCE)


def wait_until_ready(process: subprocess.Popen[str], port: int) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, process.communicate()[0]
        try:
            ready = json.loads(answer(port, "/readyz"))
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            assert ready["status"] == "ready"
            return
    pytest.fail("bin/run was not ready in time")


def stop(process: subprocess.Popen[str], by: signal.Signals) -> str:
    """Everything it said. It ends by itself, within seconds, and as a success."""
    os.killpg(process.pid, by)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    return said


def test_two_first_commands_at_once_both_work_and_set_up_once(clone: Path, tmp_path: Path) -> None:
    new = without_environment(clone, tmp_path)
    both = [
        subprocess.Popen(
            [str(new / "bin" / "manage"), "version"],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [one.communicate(timeout=PATIENCE) for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    # Set-up talk goes to stderr, so that stdout is the command's own.
    assert {out.strip() for out, _ in said} == {said[0][0].strip()}
    assert said[0][0].count("\n") == 1
    assert sum("making .venv" in err for _, err in said) == 1


def test_a_second_set_up_does_nothing_and_needs_no_python(clone: Path) -> None:
    run(clone, "bin/setup")
    done = run(clone, "bin/setup", PYTHON="/nowhere/python3")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_half_made_environment_is_repaired(clone: Path) -> None:
    run(clone, "bin/setup")
    (clone / ".venv" / "holdfast-run").unlink()
    (clone / ".venv" / "bin" / "python").unlink()
    done = run(clone, "bin/manage", "check")
    assert done.returncode == 0, done.stderr
    assert "making .venv" in done.stderr
    # No terminal looks on, so progress is told in lines.
    assert "bin/setup: 100 %" in done.stderr.splitlines()
    assert "\r" not in done.stderr


def test_what_pip_says_of_its_failure_is_shown(clone: Path, tmp_path: Path) -> None:
    new = without_environment(clone, tmp_path)
    done = run(new, "bin/setup", PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tmp_path))
    assert done.returncode == 1
    assert "100 %" not in done.stderr
    assert "No matching distribution found" in done.stderr
    assert "the installation failed" in done.stderr
    assert not (new / ".venv" / "holdfast-run").exists()


def test_without_a_python_that_is_new_enough_one_line_says_so(clone: Path, tmp_path: Path) -> None:
    old = tmp_path / "python-old"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = run(without_environment(clone, tmp_path), "bin/setup", PYTHON=str(old))
    assert done.returncode == 1
    assert done.stderr == (
        "bin/setup: Python 3.11 or newer is needed and was not found; "
        "PYTHON=/path/to/python3 names one.\n"
    )


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_and_a_second_start_keeps_the_data(
    clone: Path, tmp_path: Path, by: signal.Signals
) -> None:
    port, data = free_port(), tmp_path / "kept here"
    with serving(clone, data, port) as process:
        assert answer(port, "/healthz")
        first = json.loads(answer(port, "/api/v1/venues"))
        said = stop(process, by)
    assert f"http://127.0.0.1:{port}/" in said
    assert "admin@holdfast.example " in said
    assert "Traceback" not in said
    assert "Warning" not in said
    assert first["items"]
    with serving(clone, data, port) as process:
        assert json.loads(answer(port, "/api/v1/venues")) == first
        stop(process, by)


def test_without_demonstration_data_nothing_is_there(clone: Path, tmp_path: Path) -> None:
    port = free_port()
    with serving(clone, tmp_path / "data", port, DEMO="0") as process:
        assert json.loads(answer(port, "/api/v1/venues"))["items"] == []
        assert "admin@holdfast.example" not in stop(process, signal.SIGINT)


def test_everything_it_keeps_is_in_its_data_folder(clone: Path, tmp_path: Path) -> None:
    port = free_port()
    with serving(clone, tmp_path / "data", port) as process:
        stop(process, signal.SIGINT)
    assert (tmp_path / "data" / "holdfast.sqlite3").exists()
    assert not (clone / ".data" / "holdfast.sqlite3").exists()


def test_a_taken_port_gives_one_line(clone: Path, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = run(clone, "bin/run", DATA_DIR=str(tmp_path), PORT=port)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"holdfast: Port {port} of 127.0.0.1 is taken. Set PORT to another one.\n"
    )


def test_a_folder_that_cannot_be_written_gives_one_line(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = run(clone, "bin/run", DATA_DIR=str(tmp_path / "file" / "data"))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "DATA_DIR" in done.stderr


def test_a_second_server_with_the_same_data_gives_one_line(clone: Path, tmp_path: Path) -> None:
    with (tmp_path / "serve.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = run(clone, "bin/run", DATA_DIR=str(tmp_path), PORT=str(free_port()))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "already runs" in done.stderr


def test_a_bad_value_gives_one_line(clone: Path, tmp_path: Path) -> None:
    done = run(clone, "bin/run", DATA_DIR=str(tmp_path), PORT="http")
    assert done.returncode == 1
    assert done.stderr == "holdfast: PORT is not valid: expected a whole number from 1 to 65535.\n"


def test_it_works_under_the_name_it_is_told_to_listen_at(clone: Path, tmp_path: Path) -> None:
    port = free_port()
    with serving(clone, tmp_path, port, HOST="0.0.0.0", DEMO="0"):
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/healthz", headers={"Host": socket.gethostname()}
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            assert response.status == 200
