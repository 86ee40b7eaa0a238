"""What pip installs is what Poetry locked, and that is locked from what pyproject.toml asks."""

import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)")


def read(name: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / name).read_text(encoding="utf-8"))


def required(name: str) -> dict[tuple[str, str], set[str]]:
    """Name and version -> hashes."""
    text = (ROOT / "deploy" / name).read_text(encoding="utf-8").replace("\\\n", " ")
    found: dict[tuple[str, str], set[str]] = {}
    for line in filter(None, text.splitlines()):
        match = REQUIREMENT.match(line)
        assert match, f"{name}: {line[:80]}"
        found[match[1].lower(), match[2]] = set(re.findall(r"--hash=(\S+)", line))
    return found


def locked(*groups: str) -> dict[tuple[str, str], set[str]]:
    return {
        (package["name"].lower(), package["version"]): {file["hash"] for file in package["files"]}
        for package in read("poetry.lock")["package"]
        if set(groups) & set(package["groups"])
    }


def test_the_lock_was_made_from_this_pyproject() -> None:
    project = read("pyproject.toml")
    # Poetry's own rule, so that this test needs no Poetry.
    asked = {
        "project": {
            key: project["project"][key]
            for key in ("requires-python", "dependencies", "optional-dependencies")
            if key in project["project"]
        },
        "dependency-groups": project["dependency-groups"],
        "tool": {
            "poetry": {
                key: project["tool"]["poetry"][key]
                for key in ("dependencies", "source", "extras", "dev-dependencies", "group")
                if key in project["tool"]["poetry"]
            }
        },
    }
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    assert read("poetry.lock")["metadata"]["content-hash"] == digest, "run bin/lock"


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("requirements.txt", ["main"]),
        ("requirements-dev.txt", ["main", "dev"]),
        ("requirements-pdf.txt", ["main", "pdf"]),
    ],
)
def test_the_requirements_are_the_lock(name: str, groups: list[str]) -> None:
    assert required(name) == locked(*groups), "run bin/lock"


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements-dev.txt", "requirements-pdf.txt"]
)
def test_every_requirement_has_its_hash_and_none_an_index(name: str) -> None:
    assert all(required(name).values())
    assert "index-url" not in (ROOT / "deploy" / name).read_text(encoding="utf-8")
