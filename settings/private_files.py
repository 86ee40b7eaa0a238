"""What an embedded installation keeps is read by the user who runs it, and by nobody else."""

import os

from settings.environment import DATA_DIR, text

IS_EMBEDDED = not text("DATABASE_URL")

if IS_EMBEDDED:
    # Before anything is created: database, secrets, letters and locks are made private.
    os.umask(0o077)


def make_folder() -> None:
    """Makes DATA_DIR, for this user alone where it is new. Raises OSError."""
    DATA_DIR.mkdir(mode=0o700 if IS_EMBEDDED else 0o777, parents=True, exist_ok=True)
