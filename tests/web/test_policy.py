"""What pages are made of, so that the browser may be told to load nothing else: no inline code."""

import re
from pathlib import Path

import pytest
from django.test import Client

from tests.factories import make_venue

ROOT = Path(__file__).parents[2]

TEMPLATES = sorted(
    path
    for folder in ("web", "reservations", "venues", "guests")
    for path in (ROOT / folder).glob("templates/**/*.html")
)

INLINE = re.compile(
    r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\b(src|type=.application/json.)\b)",
    re.IGNORECASE,
)
FOREIGN = re.compile(r"""(src|href|action)=["'](https?:)?//""", re.IGNORECASE)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_nothing_inline_and_nothing_from_elsewhere(path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    assert not INLINE.findall(written)
    assert not FOREIGN.findall(written)


# The example's form is sent by its own script to the API, which takes no cookie.
SENT_HERE = [path for path in TEMPLATES if path.name != "smart_parking.html"]


@pytest.mark.parametrize("path", SENT_HERE, ids=lambda path: path.name)
def test_every_form_that_changes_something_has_its_token(path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    forms = re.findall(r"<form[^>]*method=.post.*?</form>", written, re.DOTALL | re.IGNORECASE)
    assert all("csrf_token" in form for form in forms)


@pytest.mark.django_db
def test_pages_say_what_may_run_and_where_forms_lead(client: Client) -> None:
    policy = client.get(f"/venues/{make_venue().slug}/")["Content-Security-Policy"]
    told = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert told == {
        "default-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
