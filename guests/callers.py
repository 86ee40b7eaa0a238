"""The caller of a request or a verb: a person, a partner or a part of this system."""

from dataclasses import dataclass, field
from typing import Literal

from guests.models import Partner, User, VenueRole

Kind = Literal["guest", "staff", "administrator", "partner", "system", "anonymous"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A caller, passed as `by=` to every verb. It says what they may do, and holds no contact data.

    `venue_ids` are those with authority over; None is all of them. Of these, staff manage
    `managed_ids`. `name` labels events and logs.
    """

    kind: Kind
    name: str
    user_id: int | None = None
    partner: str | None = None
    venue_ids: frozenset[int] | None = frozenset()
    managed_ids: frozenset[int] = frozenset()
    scopes: frozenset[str] = frozenset()
    rate: str = ""
    proven: frozenset[int] = field(default=frozenset(), compare=False, repr=False)
    """Ids of reservations that a guest has made or found by code and phone, without a log-in."""
    origin: str = field(default="", compare=False, repr=False)
    """A keyed digest of the address that the request comes from; "" when unknown."""

    @property
    def is_known(self) -> bool:
        """True for anybody but an anonymous caller."""
        return self.kind != "anonymous"

    def may_run(self, venue_id: int) -> bool:
        """True when the caller has the authority of staff or a partner over this venue (by id)."""
        return self.venue_ids is None or venue_id in self.venue_ids

    def limits_apply_at(self, venue_id: int) -> bool:
        """True when limits of holds and state changes apply to this caller at a venue (by id).

        Staff are exempt at their own venues only.
        """
        return self.kind in ("guest", "partner") or not self.may_run(venue_id)


ANONYMOUS = Caller(kind="anonymous", name="anonymous")
"""A caller who reads public data without a log-in or a key."""


def system(name: str) -> Caller:
    """The caller for a part of this system, such as a sweep or an import.

    It may run every venue.
    """
    return Caller(kind="system", name=name, venue_ids=None)


def for_user(user: User) -> Caller:
    """The caller for a person. Runs one query for staff (their venues), else none."""
    name = f"user:{user.pk}"
    match user.role:
        case User.Role.ADMINISTRATOR:
            return Caller(kind="administrator", name=name, user_id=user.pk, venue_ids=None)
        case User.Role.STAFF:
            roles = dict(user.venue_roles.values_list("venue_id", "role"))
            managed = [venue for venue, role in roles.items() if role == VenueRole.Level.MANAGER]
            return Caller(
                kind="staff",
                name=name,
                user_id=user.pk,
                venue_ids=frozenset(roles),
                managed_ids=frozenset(managed),
            )
        case _:
            return Caller(kind="guest", name=name, user_id=user.pk)


def for_partner(partner: Partner) -> Caller:
    """The caller for a partner. Runs one query for its venues, none when it has all of them."""
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
