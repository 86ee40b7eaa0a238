"""bin/audit with stand-ins for pip-audit and npm, which say what the real ones were seen to say."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

CLEAN = "No known vulnerabilities found", 0
WEAK = "Found 1 known vulnerability in 1 package\nName Version ID\ndjango 5.2 CVE-2026-1", 1
AWAY = "ConnectionError: Max retries exceeded: Failed to resolve 'api.osv.dev'", 1
BROKEN = "usage: pip-audit [-h]\npip-audit: error: unrecognized arguments", 2
NPM_CLEAN = "found 0 vulnerabilities", 0
NPM_WEAK = "vue 3.0\nSeverity: high\n1 high severity vulnerability", 1
NPM_AWAY = "npm warn audit 405 Method Not Allowed\nnpm error audit endpoint returned an error", 1
NPM_BROKEN = "npm error code EUSAGE\nnpm error This command requires an existing lockfile.", 1


def audit(folder: Path, python: tuple[str, int], npm: tuple[str, int]) -> tuple[int, str]:
    """How it ends and what it says, where the two programs say and end like this."""
    programs = {"PIP_AUDIT": python, "NPM": npm}
    for name, (said, code) in programs.items():
        program = folder / name
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{said}\nEND\nexit {code}\n")
        program.chmod(0o755)
    paths = {name: str(folder / name) for name in programs}
    done = subprocess.run(
        [str(ROOT / "bin" / "audit")],
        env=os.environ | paths,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_nothing_known_is_well(tmp_path: Path) -> None:
    code, said = audit(tmp_path, CLEAN, NPM_CLEAN)
    assert code == 0
    assert "No known vulnerabilities" in said
    assert "not looked up" not in said


@pytest.mark.parametrize(("python", "npm"), [(WEAK, NPM_CLEAN), (CLEAN, NPM_WEAK)])
def test_a_known_weakness_fails_and_is_named(
    tmp_path: Path, python: tuple[str, int], npm: tuple[str, int]
) -> None:
    code, said = audit(tmp_path, python, npm)
    assert code == 1
    assert "CVE-2026-1" in said or "high severity" in said


def test_where_no_database_answers_it_says_so_and_goes_on(tmp_path: Path) -> None:
    code, said = audit(tmp_path, AWAY, NPM_AWAY)
    assert code == 0
    assert "not looked up, Python packages: ConnectionError" in said
    assert "not looked up, packages of the browser: npm warn audit 405" in said


def test_a_weakness_on_one_side_fails_though_the_other_is_away(tmp_path: Path) -> None:
    assert audit(tmp_path, AWAY, NPM_WEAK)[0] == 1


@pytest.mark.parametrize(("python", "npm"), [(BROKEN, NPM_CLEAN), (CLEAN, NPM_BROKEN)])
def test_a_program_that_fails_for_another_reason_fails(
    tmp_path: Path, python: tuple[str, int], npm: tuple[str, int]
) -> None:
    code, said = audit(tmp_path, python, npm)
    assert code == 1
    assert "failed:" in said
