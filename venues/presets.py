"""New venues, with the policy that is usual for their kind."""

from typing import Any

from venues import kinds
from venues.models import Policy, Venue


def policy_for(kind: str, **changes: Any) -> Policy:
    """An unsaved policy as is usual for that kind, with some values changed."""
    return Policy(**{**kinds.named(kind).policy, **changes})


def create_venue(
    *, slug: str, name: str, kind: str, policy: dict[str, Any] | None = None, **fields: Any
) -> Venue:
    """A venue with its preset policy, saved; `mode` and the rest as given or as is usual."""
    fields.setdefault("mode", kinds.named(kind).mode)
    venue = Venue(slug=slug, name=name, kind=kind, **fields)
    venue.full_clean()
    venue.save()
    rules = policy_for(kind, **(policy or {}))
    rules.venue = venue
    rules.full_clean()
    rules.save()
    return venue
