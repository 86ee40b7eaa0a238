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


def written() -> dict[str, str]:
    """The text of each template by its name."""
    return {path.name: path.read_text(encoding="utf-8") for path in TEMPLATES}


def test_no_template_has_anything_inline_or_from_elsewhere() -> None:
    assert len(written()) > 20
    assert [name for name, text in written().items() if INLINE.search(text)] == []
    assert [name for name, text in written().items() if FOREIGN.search(text)] == []


def test_every_form_that_changes_something_has_its_token() -> None:
    bare = [
        name
        for name, text in written().items()
        for form in re.findall(r"<form[^>]*method=.post.*?</form>", text, re.DOTALL | re.IGNORECASE)
        if "csrf_token" not in form
    ]
    # The example's form is sent by its own script to the API, which takes no cookie. The page that
    # stands in for a provider's knows no session either.
    assert set(bare) <= {"smart_parking.html", "fake_provider.html"}


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
