"""Who does it: the person, partner or part of this system behind a request or an action."""

from dataclasses import dataclass, field
from typing import Literal

from guests.models import Partner, User

Kind = Literal["guest", "staff", "administrator", "partner", "system", "anonymous"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Passed as `by=` to every action; carries what it may act for, and nothing to contact it by.

    `venue_ids` are those with authority over; None is all of them. `name` labels events and logs.
    """

    kind: Kind
    name: str
    user_id: int | None = None
    partner: str | None = None
    venue_ids: frozenset[int] | None = frozenset()
    scopes: frozenset[str] = frozenset()
    rate: str = ""
    proven: frozenset[int] = field(default=frozenset(), compare=False, repr=False)
    """Reservations a guest has shown code and phone number of, or has made, without logging in."""
    origin: str = field(default="", compare=False, repr=False)
    """A keyed digest of the address the request comes from; empty where none is known."""

    @property
    def limits_apply(self) -> bool:
        """Whether the rates for state changes count for this caller."""
        return self.kind in ("guest", "partner")

    @property
    def is_known(self) -> bool:
        return self.kind != "anonymous"

    def may_run(self, venue_id: int) -> bool:
        """Whether this caller has staff's or a partner's authority over that venue."""
        return self.venue_ids is None or venue_id in self.venue_ids


ANONYMOUS = Caller(kind="anonymous", name="anonymous")
"""Whoever reads what is public without saying who they are."""


def system(name: str) -> Caller:
    """A part of this system: a sweep, an import, a replay. It may run every venue."""
    return Caller(kind="system", name=name, venue_ids=None)


def for_user(user: User) -> Caller:
    """One query for staff (their venues), none for anybody else."""
    venues: frozenset[int] | None = frozenset()
    kind: Kind = "guest"
    if user.role == User.Role.ADMINISTRATOR:
        kind, venues = "administrator", None
    elif user.role == User.Role.STAFF:
        kind, venues = "staff", frozenset(user.staff_venues.values_list("pk", flat=True))
    return Caller(kind=kind, name=f"user:{user.pk}", user_id=user.pk, venue_ids=venues)


def for_partner(partner: Partner) -> Caller:
    """One query for the partner's venues, none where it has all of them."""
    venues = (
        None if partner.has_all_venues else frozenset(partner.venues.values_list("pk", flat=True))
    )
    return Caller(
        kind="partner",
        name=f"partner:{partner.slug}",
        partner=partner.slug,
        venue_ids=venues,
        scopes=frozenset(partner.scopes),
        rate=partner.rate,
    )
