"""What a partner may see, by its slug: partners of the database, and those of the settings."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models import Q

from guests.callers import Caller, for_partner
from guests.models import Partner


def authority_of(slug: str) -> Caller | None:
    """Returns what all keys of a partner together may do, or None for no or an idle partner."""
    found = [_of_settings(slug)] if _entries(slug) else []
    found += map(for_partner, Partner.objects.filter(slug=slug, is_active=True))
    if not found:
        return None
    return Caller(
        kind="partner",
        name=f"partner:{slug}",
        partner=slug,
        venue_ids=_union(one.venue_ids for one in found),
        scopes=frozenset().union(*(one.scopes for one in found)),
    )


def is_limited(key: Caller) -> bool:
    """Says whether other keys of the same partner may see venues that this one may not.

    Only keys of the settings differ: those of the database may all that their partner may.
    """
    is_apart = key.kind == "partner" and key.venue_ids is not None
    return is_apart and bool(_entries(key.partner or ""))


def of_venue(venue_id: int) -> list[str]:
    """Returns the slugs of the partners who may see what happens to a venue (by id), sorted."""
    theirs = Partner.objects.filter(Q(has_all_venues=True) | Q(venues=venue_id), is_active=True)
    slugs = set(theirs.values_list("slug", flat=True))
    for entry in settings.PARTNER_KEYS:
        caller = _of_settings(entry.partner)
        if caller.may_run(venue_id):
            slugs.add(entry.partner)
    return sorted(slugs)


def mail_of(slug: str) -> str:
    """Returns the address that a partner is written to, or "" where there is none."""
    found = Partner.objects.filter(slug=slug).values_list("email", flat=True).first()
    return found or ""


def _of_settings(slug: str) -> Caller:
    entries = _entries(slug)
    venues = apps.get_model("venues", "Venue")._default_manager
    named = frozenset().union(*(entry.venues or () for entry in entries))
    ids = frozenset(venues.filter(slug__in=named).values_list("pk", flat=True))
    is_everywhere = any(entry.venues is None for entry in entries)
    return Caller(
        kind="partner",
        name=f"partner:{slug}",
        partner=slug,
        venue_ids=None if is_everywhere else ids,
        scopes=frozenset().union(*(entry.scopes for entry in entries)),
    )


def _entries(slug: str) -> list[Any]:
    return [entry for entry in settings.PARTNER_KEYS if entry.partner == slug]


def _union(parts: Iterable[frozenset[int] | None]) -> frozenset[int] | None:
    known = list(parts)
    if any(part is None for part in known):
        return None
    return frozenset().union(*(part or frozenset() for part in known))
