"""A database and log-ins of 0.1.0 work after the upgrade, on SQLite and on PostgreSQL.

The dumps were made by commit b457011 with its demonstration data; they never change.
"""

import gzip
import json
import os
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db.backends.sqlite3._functions import register  # type: ignore[import-untyped]
from psycopg import sql

HERE = Path(__file__).parent
DUMPS = HERE / "v0_1_0"
SECRETS = {
    "SECRET_KEY": "before-the-step-secret-key-of-the-upgrade-test-000000",
    "JWT_SECRET": "before-the-step-jwt-secret-of-the-upgrade-test-0000000",
}
"""Sessions and tokens of the dump are signed with these."""


def dumped(kind: str) -> str:
    return gzip.decompress((DUMPS / f"{kind}.sql.gz").read_bytes()).decode()


def walked(kind: str, data: Path, url: str) -> Any:
    """The answers of `walk`, by name."""
    (data / "static").mkdir(exist_ok=True)
    given = {"DATA_DIR": str(data), "DATABASE_URL": url, "REDIS_URL": "", "BROKER_URL": ""}
    done = subprocess.run(
        [sys.executable, "-m", "tests.upgrades.walk", str(DUMPS / f"{kind}.json")],
        cwd=HERE.parents[1],
        env={**os.environ, **SECRETS, **given, "ALLOWED_HOSTS": "localhost", "HTTPS": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def assert_all_goes_on(answers: Any, kind: str) -> None:
    facts = json.loads((DUMPS / f"{kind}.json").read_text())
    assert answers == {
        "ready": 200,
        "page session": [200, [True]],
        "desk session": 200,
        "desk staff": ["manager"],
        "refresh token": 200,
        "partner key": 200,
        "confirm a hold": [200, "upcoming"],
        "read a cancelled one": [200, "cancelled"],
        "repeat a key": facts["keyed"],
        "book a taken unit": [409, "held_by_other"],
    }


@pytest.mark.sqlite
def test_a_file_of_0_1_0_goes_on(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "holdfast.sqlite3") as connection:
        # Its CHECK constraints call functions of Django's.
        register(connection)
        connection.executescript(dumped("sqlite"))
    assert_all_goes_on(walked("sqlite", tmp_path, ""), "sqlite")


@pytest.fixture
def database() -> Iterator[str]:
    """The URL of an empty database on the server of the tests."""
    at = settings.DATABASES["default"]
    address = f"{at['USER']}:{at['PASSWORD']}@{at['HOST'] or 'localhost'}:{at['PORT'] or 5432}"
    name = f"upgrade_{uuid.uuid4().hex}"
    with psycopg.connect(f"postgres://{address}/postgres", autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield f"postgres://{address}/{name}"
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.mark.postgres
def test_a_postgresql_database_of_0_1_0_goes_on(database: str, tmp_path: Path) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(dumped("postgresql"))
    assert_all_goes_on(walked("postgresql", tmp_path, database), "postgresql")
