"""Takes the rights of other users off what an installation of before kept readable."""

import logging
import os
import stat
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO

log = logging.getLogger(__name__)


def tighten(folder: Path) -> int:
    """Makes DATA_DIR 0700 and all in it private. Returns how many files and folders had to change.

    Follows no symbolic link. What belongs to somebody else stays as it is, and the log says so.
    """
    changed = failed = 0
    for path in _all(folder):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode) or not mode & _OTHERS:
            continue
        try:
            path.chmod(stat.S_IMODE(mode) & ~_OTHERS)
            changed += 1
        except OSError:
            failed += 1
    if changed:
        log.warning("Closed %s files and folders of DATA_DIR to other users", changed)
    if failed:
        log.warning("Cannot close %s files of DATA_DIR: somebody else owns them", failed)
    return changed


def _all(folder: Path) -> list[Path]:
    found = [folder]
    for here, folders, files in os.walk(folder):
        found += [Path(here, name) for name in (*folders, *files)]
    return found
