"""Reads PARTNER_KEYS: the digests of partners' keys that the deployment sets."""

import re
from dataclasses import dataclass
from typing import TypeGuard

from django.core.exceptions import ImproperlyConfigured

from guests.scopes import SCOPES

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_RATE = re.compile(r"([1-9][0-9]{0,5}/[smhd])?")
_FIELDS = {"partner", "digest", "scopes", "venues", "rate"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsKey:
    """A key from the settings. `venues` are slugs, None means all. An empty `rate` means the
    default.
    """

    partner: str
    digest: str
    scopes: frozenset[str]
    venues: frozenset[str] | None
    rate: str = ""


def read(entries: object) -> list[SettingsKey]:
    """Returns the keys of a list. Raises ImproperlyConfigured for a value that is not valid.

    The list is such as [{"partner": "acme", "digest": "<sha256 hex>", "scopes":
    ["reservations:read"], "venues": ["seaside"] or "*", "rate": "600/m"}].
    """
    if not isinstance(entries, list):
        raise _refused("expected a JSON list")
    keys = [_key(entry, f"entry {place}") for place, entry in enumerate(entries, start=1)]
    if len({key.digest for key in keys}) < len(keys):
        raise _refused("one digest is given twice")
    return keys


def _key(entry: object, place: str) -> SettingsKey:
    if not isinstance(entry, dict):
        raise _refused(f"{place} is not an object")
    if unknown := set(entry) - _FIELDS:
        raise _refused(f"{place} has a field that is not known: {min(unknown, key=str)}")
    return SettingsKey(
        partner=_match(entry.get("partner"), _SLUG, f'{place} needs a "partner" such as acme'),
        digest=_match(entry.get("digest"), _DIGEST, f'{place} needs a "digest" (SHA-256 in hex)'),
        scopes=_scopes(entry.get("scopes"), place),
        venues=_venues(entry.get("venues"), place),
        rate=_match(entry.get("rate", ""), _RATE, f'{place}: "rate" is such as 600/m'),
    )


def _scopes(value: object, place: str) -> frozenset[str]:
    if not _are_texts(value) or not set(value) <= set(SCOPES):
        raise _refused(f'{place} needs "scopes", a list out of {", ".join(SCOPES)}')
    return frozenset(value)


def _venues(value: object, place: str) -> frozenset[str] | None:
    if value == "*":
        return None
    if not _are_texts(value):
        raise _refused(f'{place} needs "venues", a list of slugs or "*"')
    return frozenset(value)


def _are_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _match(value: object, shape: re.Pattern[str], reason: str) -> str:
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise _refused(reason)
    return value


def _refused(reason: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"PARTNER_KEYS is not valid: {reason}.")
