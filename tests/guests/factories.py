"""Makes people and partners for tests, one line each."""

from functools import cache
from typing import Any

from django.contrib.auth.hashers import make_password
from factory.declarations import LazyFunction, Sequence, SubFactory
from factory.django import DjangoModelFactory
from factory.helpers import post_generation

from guests.models import Favourite, Partner, User, VenueRole
from guests.scopes import SCOPES

PASSWORD = "correct horse battery"


@cache
def _hashed(password: str) -> str:
    # Hashing is slow on purpose; a test run needs each password once.
    return make_password(password)


class UserFactory(DjangoModelFactory[User]):
    """A guest whose password is PASSWORD, or the one given."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = Sequence(lambda number: f"guest{number}@example.com")
    first_name = "Ada"
    last_name = "Lovelace"
    phone = "+12025550123"
    password = PASSWORD

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **fields: Any) -> User:
        fields["password"] = _hashed(fields["password"])
        return super()._create(model_class, *args, **fields)

    @post_generation
    def staff_venues(self: User, create: bool, venues: Any, **_: Any) -> None:
        if create and venues:
            self.staff_venues.set(venues)

    @post_generation
    def clerk_at(self: User, create: bool, venues: Any, **_: Any) -> None:
        if create and venues:
            role = {"role": VenueRole.Level.CLERK}
            self.staff_venues.add(*venues, through_defaults=role)


class StaffFactory(UserFactory):
    """A manager of the `staff_venues` given, a clerk of those in `clerk_at`."""

    role = User.Role.STAFF


class AdministratorFactory(UserFactory):
    role = User.Role.ADMINISTRATOR


class PartnerFactory(DjangoModelFactory[Partner]):
    """A partner with the `venues` given and every scope."""

    class Meta:
        model = Partner
        skip_postgeneration_save = True

    slug = Sequence(lambda number: f"partner-{number}")
    name = "Acme Travel"
    scopes: Any = LazyFunction(lambda: list(SCOPES))

    @post_generation
    def venues(self: Partner, create: bool, venues: Any, **_: Any) -> None:
        if create and venues:
            self.venues.set(venues)


class FavouriteFactory(DjangoModelFactory[Favourite]):
    class Meta:
        model = Favourite

    user = SubFactory(UserFactory)
