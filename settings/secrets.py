"""Secrets: from the environment, or generated once and kept in DATA_DIR."""

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from settings import private_files
from settings.environment import DATA_DIR, text

SHORTEST_SECRET = 32
"""Characters."""


def secret(name: str) -> str:
    """Returns the secret `name`, or generates and keeps one if the variable is not set.

    Raises ImproperlyConfigured for a secret of less than 32 characters.
    """
    given = text(name)
    if given and len(given) < SHORTEST_SECRET:
        message = f"{name} is too short: give at least {SHORTEST_SECRET} characters."
        raise ImproperlyConfigured(message)
    return given or _kept(DATA_DIR / f"{name.lower()}.txt", name)


def _kept(path: Path, name: str) -> str:
    try:
        private_files.make_folder()
        # Write a private file and link it, so that two first starts agree on one secret.
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        if not path.exists():
            _write(draft, secrets.token_urlsafe(48))
            try:
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        message = (
            f"{name} is not set and cannot be kept in {path.parent}: {error.strerror}. "
            f"Set {name}, or set DATA_DIR to a folder that can be written."
        )
        raise ImproperlyConfigured(message) from None


def _write(path: Path, value: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(value)


SECRET_KEY = secret("SECRET_KEY")
JWT_SECRET = secret("JWT_SECRET")
