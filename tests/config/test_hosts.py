"""Which names of the host are answered, and what is logged of others."""

import io
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from config import log_lines

ROOT = Path(__file__).resolve().parents[2]


def test_the_name_that_tests_use_is_no_host_of_the_product(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name != "ALLOWED_HOSTS"}
    values = kept | {"DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "settings.project"}
    script = "from django.conf import settings; print(settings.ALLOWED_HOSTS)"
    said = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=values,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "localhost" in said and "testserver" not in said


@pytest.mark.django_db
def test_a_host_that_is_not_ours_makes_one_line() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(log_lines.readable())
    logging.getLogger().addHandler(handler)
    try:
        assert Client(HTTP_HOST="evil.example").get("/").status_code == 400
    finally:
        logging.getLogger().removeHandler(handler)
    lines = [line for line in stream.getvalue().splitlines() if line]
    assert len(lines) == 1 and "evil.example" in lines[0]
