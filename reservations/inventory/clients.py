"""Clients of a practice: people that it entered, or that have booked there."""

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext

from guests import accounts
from guests.callers import Caller
from guests.emails import fold
from guests.errors import AlreadyRegistered
from guests.models import PracticeClient, User
from reservations import idempotency
from reservations.idempotency import Once
from reservations.models import Reservation
from reservations.rules.permissions import judge_staff
from reservations.transactions import Restart
from venues.models import Venue


def enter_client(
    *, venue: Venue, person: dict[str, str], by: Caller, once: Once | None = None
) -> PracticeClient:
    """Enters a client of a practice. `person` comes from `accounts.read_person`.

    Whoever has an account with this e-mail address is linked to it, and the practice learns
    nothing of what others entered. Raises Forbidden, and AlreadyRegistered with the `id` of a
    client that this practice has already.
    """
    judge_staff(venue.pk, by)
    return idempotency.carry_out(lambda: _enter_client(venue, person), once)


def find_client(venue: Venue, user_id: int) -> PracticeClient | None:
    """Returns a client that this practice entered or served, by the id of their account.

    None for anybody else, and for closed accounts. Whoever only booked there is unsaved, as they
    booked last.
    """
    entered = PracticeClient.objects.filter(venue=venue, user=user_id, user__is_active=True)
    return entered.first() or _served(venue, Q(guest=user_id, guest__is_active=True))


def _enter_client(venue: Venue, person: dict[str, str]) -> PracticeClient:
    person = person | {"email": fold(person["email"])}
    email, phone = person["email"], person["phone"]
    entered = PracticeClient.objects.filter(venue=venue)
    known = entered.filter(Q(email=email) | Q(phone=phone)).order_by("pk").first()
    known = known or _served(venue, Q(email=email) | Q(phone=phone))
    if known is not None:
        raise AlreadyRegistered(
            gettext("This practice has a client with this e-mail address or phone number."),
            id=known.user_id,
        )
    try:
        with transaction.atomic():
            # By address alone: anybody can give any number, and letters prove an address.
            user = User.objects.filter(email=email).first() or accounts.create_user(**person)
            return PracticeClient.objects.create(venue=venue, user=user, **person)
    except (IntegrityError, AlreadyRegistered):
        # Somebody else entered them in between.
        raise Restart from None


def _served(venue: Venue, who: Q) -> PracticeClient | None:
    rows = Reservation.objects.filter(who, venue=venue, guest__isnull=False)
    row = rows.select_related("guest").order_by("-pk").first()
    if row is None or row.guest is None:
        return None
    return PracticeClient(
        venue=venue,
        user=row.guest,
        first_name=row.first_name,
        last_name=row.last_name,
        email=row.email,
        phone=row.phone,
    )
