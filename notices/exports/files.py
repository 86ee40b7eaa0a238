"""The parts of exports in the storage `exports`. No address serves that storage."""

import logging
from collections.abc import Iterator, Sequence

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

log = logging.getLogger(__name__)

_CHUNK = 64 * 1024


def save(export_id: int, name: str, text: str) -> str:
    """Stores a part. Returns the name under which it is stored."""
    return _storage().save(f"{export_id}/{name}.csv", ContentFile(text.encode()))


def read(parts: Sequence[str]) -> Iterator[bytes]:
    """Yields the bytes of the parts in order, a chunk at a time. Raises OSError if one is gone."""
    for name in parts:
        with _storage().open(name) as file:
            yield from file.chunks(_CHUNK)


def exist(parts: Sequence[str]) -> bool:
    """Says whether all parts are there."""
    return all(_storage().exists(name) for name in parts)


def delete(export_id: int, *, keep: Sequence[str] = ()) -> int:
    """Deletes what is stored of an export, also what a killed worker left, but for `keep`.

    Returns how many parts. Never raises: the clean-up repeats what failed.
    """
    count = 0
    try:
        for name in _stored(export_id):
            if name not in keep:
                _storage().delete(name)
                count += 1
        if not keep and count:
            # An empty folder, where the storage has any.
            _storage().delete(str(export_id))
    except OSError:
        log.exception("The parts of export %s could not be deleted", export_id)
    return count


def ids() -> set[int]:
    """Returns the ids of all exports of which something is stored."""
    try:
        folders, _ = _storage().listdir("")
    except FileNotFoundError:
        return set()
    return {int(name) for name in folders if name.isascii() and name.isdecimal()}


def _stored(export_id: int) -> list[str]:
    try:
        _, names = _storage().listdir(str(export_id))
    except FileNotFoundError:
        return []
    return [f"{export_id}/{name}" for name in names]


def _storage() -> Storage:
    return storages["exports"]
