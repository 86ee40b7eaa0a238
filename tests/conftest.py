"""What every test stands on."""

import gc
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import translation
from pytest_django import DjangoDbBlocker, Settings
from whitenoise.middleware import WhiteNoiseMiddleware

import config.urls  # noqa: F401
from config.sqlite import base as sqlite
from guests.credentials import letters
from reservations import single_flight
from tests import log_watch as watch
from tests import stopped_clocks, templates  # noqa: F401 - importing it makes freezing quick
from venues import catalogue

# A fresh data folder has none, and WhiteNoise warns of that: to some modules while they are
# collected, before any fixture could make it.
Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)

# Where this runs in the background interrupts are ignored, and what tests start would ignore them.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests make little garbage that refers to itself, and there is room for it.
gc.set_threshold(50_000, 20, 100)

# Hashing takes a fifth of a second of a core, on purpose: `slow_hashing` is for tests of it.
HASHERS = list(settings.PASSWORD_HASHERS)
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *HASHERS]

# On a busy machine a look takes longer than anybody would wait for it.
single_flight.LONGEST_WAIT = 60.0
sqlite.MOST_PATIENT = 60.0
if settings.DATABASES["default"]["ENGINE"] == "config.sqlite":
    settings.DATABASES["default"]["OPTIONS"]["timeout"] = 60

# What a test does to a partner or a key counts at its next call.
settings.PARTNER_KEY_KEPT = timedelta(0)

# As embedded: guests try paying out, on PostgreSQL too.
settings.PAYMENTS = {"fake": {"class": "payments.providers.fake.Fake"}}

_walk = WhiteNoiseMiddleware.add_files_from_finders
_files: dict[str, Any] = {}


def _walk_once(self: Any) -> None:
    if not _files:
        _walk(self)
        _files.update(self.files)
    self.files.update(_files)


# Each test client builds its own middleware, which would look through all static files each time.
WhiteNoiseMiddleware.add_files_from_finders = _walk_once


def pytest_collection_finish() -> None:
    """Look for garbage no more in what is loaded by now, a million objects that all stay."""
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_keepdb(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_modify_db_settings: None,
    django_db_blocker: DjangoDbBlocker,
) -> bool:
    """Whether the database is there already: asked for, or copied from one that was kept."""
    with templates.template(request.config) as kept:
        if kept is None or request.config.getvalue("create_db"):
            return bool(request.config.getvalue("reuse_db"))
        if not kept.exists():
            with django_db_blocker.unblock():
                templates.make(kept)
        templates.copy_to_test_database(kept)
    return True


@pytest.fixture(autouse=True)
def _no_venue_was_seen() -> None:
    # One that a test rolled back would be taken for the next of its name.
    catalogue._kept.clear()
    catalogue._ids.clear()


@pytest.fixture(autouse=True)
def _nobody_has_asked() -> None:
    # What a test asked for a moment ago makes no crowd of the next one.
    single_flight._lately.clear()
    single_flight._hints.clear()


@pytest.fixture(autouse=True)
def _nothing_private_is_logged() -> Iterator[None]:
    """Fails a test during which a canary, an address or a credential came into the log."""
    watch.begin()
    yield
    assert not watch.found()


@pytest.fixture(autouse=True)
def _english_is_spoken() -> Iterator[None]:
    # The language of a page that a test asked for stays with the thread.
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _letters_are_sent() -> Iterator[None]:
    # A letter on its way would be found by the next test.
    yield
    letters.POST.submit(len, ()).result(timeout=60)


@pytest.fixture
def slow_hashing(settings: Settings) -> None:
    """Passwords are hashed as the product hashes them."""
    settings.PASSWORD_HASHERS = HASHERS
