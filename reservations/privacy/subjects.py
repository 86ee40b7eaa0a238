"""Finds the reservations of a person by account, and by proven e-mail address or number."""

from collections.abc import Collection
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.db.models import Q

from guests.emails import fold
from guests.models import PracticeClient, User
from reservations.models import Reservation
from reservations.querysets import ReservationQuerySet


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSubject:
    """What a person is found by. The caller has checked the proof of each part.

    `emails` are folded, `phones` are E.164. `bare_phones` find only reservations without an
    e-mail address, since anybody can book with another person's number and then has a code.
    `texted` are those of them that a text message has proven.
    `twins` are unproven pairs of address and number; see `twin_reservations`.
    """

    user_ids: frozenset[int] = frozenset()
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    bare_phones: frozenset[str] = frozenset()
    texted: frozenset[str] = frozenset()
    reservation_ids: frozenset[int] = frozenset()
    twins: frozenset[tuple[str, str]] = frozenset()

    @property
    def words(self) -> frozenset[str]:
        """The addresses and numbers, to search other places for."""
        return self.emails | self.phones | self.bare_phones

    def reservations(self) -> ReservationQuerySet:
        """Returns what they booked, signed in or not, and what was booked for them."""
        mine = Q(pk__in=self.reservation_ids)
        if self.user_ids:
            mine |= Q(guest__in=self.user_ids)
        if self.emails:
            # The index is of those that have one.
            mine |= Q(email__in=self.emails) & ~Q(email="")
        if self.phones:
            mine |= Q(phone__in=self.phones)
        if self.bare_phones:
            mine |= Q(phone__in=self.bare_phones, email="")
        return Reservation.objects.filter(mine)

    def twin_reservations(self) -> ReservationQuerySet:
        """Returns those with both the address and the number of an account that proved neither.

        They are never exported or cancelled. Those that are over are erased with the account.
        """
        mine = Q(pk__in=())
        for email, phone in self.twins:
            mine |= Q(phone=phone, email=email)
        return Reservation.objects.filter(mine)

    def accounts(self) -> list[User]:
        """Returns their accounts, by id."""
        return list(User.objects.filter(pk__in=self.user_ids).order_by("pk"))


def of_user(user: User) -> DataSubject:
    """Returns the person of an account that is signed in.

    What they booked without signing in is found by addresses they have proven, through a sign-in
    provider or a letter. At sign-up anybody can give any address.
    """
    proven = EmailAddress.objects.filter(user=user, verified=True)
    emails = {fold(email) for email in proven.values_list("email", flat=True)}
    twins = {(fold(user.email), user.phone)} if user.email and user.phone else set()
    return DataSubject(
        user_ids=frozenset({user.pk}), emails=frozenset(emails), twins=frozenset(twins)
    )


def of_email(email: str) -> DataSubject:
    """Returns the person who has proven an e-mail address, with their account."""
    email = fold(email)
    return DataSubject(user_ids=frozenset(_users_of([email])), emails=frozenset({email}))


def of_phone(phone: str) -> DataSubject:
    """Returns the person who has proven a number (E.164) by a text message.

    That opens what was booked with the number and no e-mail address. Numbers go to other people,
    and the rest can be proven by a letter.
    """
    return DataSubject(bare_phones=frozenset({phone}), texted=frozenset({phone}))


def of_reservation(row: Reservation) -> DataSubject:
    """Returns the person who has given code and phone number of a reservation.

    That opens this reservation, and others with the number and no e-mail address. The rest needs
    a letter to the address, and an account needs its log-in.
    """
    phones = frozenset({row.phone}) if row.phone else frozenset()
    return DataSubject(bare_phones=phones, reservation_ids=frozenset({row.pk}))


def search(*, email: str = "", phone: str = "") -> DataSubject:
    """Returns the person an administrator searches for: by address, E.164 number or both."""
    emails = [fold(email)] if email else []
    clients = _entered_with(phone) if phone else ()
    return DataSubject(
        user_ids=frozenset({*_users_of(emails), *clients}),
        emails=frozenset(emails),
        phones=frozenset({phone} if phone else ()),
    )


def _entered_with(phone: str) -> Collection[int]:
    """Returns the accounts that practices made for a number. Never one that somebody logged in to:
    the practice did not check whose number it is.
    """
    entered = PracticeClient.objects.filter(phone=phone, user__last_login=None)
    return set(entered.values_list("user_id", flat=True))


def _users_of(emails: Collection[str]) -> set[int]:
    if not emails:
        return set()
    addresses = EmailAddress.objects.filter(email__in=emails, verified=True)
    users = User.objects.filter(email__in=emails)
    return {*users.values_list("pk", flat=True), *addresses.values_list("user_id", flat=True)}
