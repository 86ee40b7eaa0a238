"""Creates, changes, exports and erases people's accounts, and checks passwords."""

from collections.abc import Mapping
from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from guests import audit, emails, phones, rate_counters, sessions
from guests.errors import (
    AlreadyRegistered,
    ContactInvalid,
    CredentialsInvalid,
    Faults,
    LastAdministrator,
    TooManySignUps,
)
from guests.models import Client, Favourite, PracticeClient, RefreshToken, Review, User
from guests.rates import Allowance
from spelling import texts

LONGEST_NAME = 15
"""The largest number of characters in a first or last name."""
ONE_NAME = gettext_noop("Fill this in. If you have one name only, write a dash (-) here.")
"""What a first or last name that is missing is told."""
PREFERENCES = ("receive_email_updates", "receive_phone_call", "receive_text_notification")
NOTICES = (
    "language", "time_zone", "reminders", "monthly_report",
    "evening_at", "evening_channel", "chat_url",
)  # fmt: skip
"""What a person wants to be told, and when. `notices.preferences` changes it."""
EXPORTED = (
    "email", "first_name", "last_name", "display_name", "phone", *PREFERENCES, "role",
    "created_at", "last_login", *NOTICES, "evening_since",
)  # fmt: skip
_HANGS_ON: dict[str, Any] = {
    "addresses": EmailAddress,
    "sign-in providers": SocialAccount,
    "client entries": PracticeClient,
    "client entries of 0.1.0": Client,
    "favourites": Favourite,
    "reviews": Review,
    "log-ins": RefreshToken,
}
PROFILE = ("first_name", "last_name", "phone", *PREFERENCES)


def count_sign_up(place: str) -> Allowance:
    """Counts one sign-up from this place (a network address) and returns what is left of the rate.

    Opens its own transaction. Raises TooManySignUps.
    """
    allowance = rate_counters.count(rate_counters.name("sign-up", place), settings.SIGN_UP_RATE)
    if allowance.is_overdrawn:
        audit.note("limit.reached", by="nobody", place=place, why=TooManySignUps.why)
        raise TooManySignUps(allowance)
    return allowance


def sign_up(
    *, email: str, password: str, first_name: str, last_name: str, phone: str, region: str = ""
) -> User:
    """Creates and saves a guest: `draft_guest` and `register` in one. Raises what these raise.

    Use the two separately where the same transaction creates something else.
    """
    draft = draft_guest(
        email=email,
        password=password,
        first_name=first_name,
        last_name=last_name,
        phone=phone,
        region=region,
    )
    return register(draft)


def draft_guest(
    *, email: str, password: str, first_name: str, last_name: str, phone: str, region: str = ""
) -> User:
    """Validates a new guest and hashes the password. Returns the unsaved user.

    Hashing is slow, so call it before a transaction begins. `region` (ISO 3166) says how to read a
    national phone number. Raises ContactInvalid, which names every wrong field.
    """
    faults = Faults()
    draft = User()
    with faults.gathered():
        draft.email = emails.parse(email)
    with faults.gathered():
        draft.first_name = name(first_name, "first_name")
    with faults.gathered():
        draft.last_name = name(last_name, "last_name")
    with faults.gathered():
        draft.phone = phones.parse(phone, region or settings.DEFAULT_PHONE_REGION)
    with faults.gathered():
        _judge_password(password, draft)
    faults.raise_if_any()
    draft.set_password(password)
    return draft


def register(draft: User) -> User:
    """Saves a drafted user. Raises AlreadyRegistered when the e-mail address is known."""
    try:
        with transaction.atomic():
            draft.save(force_insert=True)
    except IntegrityError:
        raise AlreadyRegistered from None
    return draft


def read_person(
    *, email: str, first_name: str, last_name: str, phone: str, region: str
) -> dict[str, str]:
    """Contact data in its stored form. Raises ContactInvalid, which names every wrong field."""
    found: dict[str, str] = {}
    faults = Faults()
    with faults.gathered():
        found["email"] = emails.parse(email)
    with faults.gathered():
        found["first_name"] = name(first_name, "first_name")
    with faults.gathered():
        found["last_name"] = name(last_name, "last_name")
    with faults.gathered():
        found["phone"] = phones.parse(phone, region)
    faults.raise_if_any()
    return found


def create_user(*, email: str, password: str | None = None, **fields: Any) -> User:
    """Creates and saves a user as given, without checks.

    Raises AlreadyRegistered for a known address. Practices and the demonstration data use it. With
    None as password nobody can log in by password.
    """
    user = User(email=emails.fold(email), **fields)
    user.set_password(password)
    return register(user)


def log_in(*, email: str, password: str) -> User:
    """The person with this e-mail address and password. Raises CredentialsInvalid.

    An unknown address, a wrong password and a closed account give one answer, after as much work.
    """
    user = User.objects.filter(email=emails.fold(email)).first()
    if user is None:
        make_password(password)
        raise CredentialsInvalid
    if not user.check_password(password) or not user.is_active:
        raise CredentialsInvalid
    User.objects.filter(pk=user.pk).update(last_login=timezone.now())
    return user


def change_profile(user: User, changes: Mapping[str, Any], *, region: str = "") -> User:
    """Changes contact data and preferences, and saves them. Fields that are not in `changes` stay.

    `region` (ISO 3166) says how to read a national phone number.

    Raises ContactInvalid, which names every wrong field.
    """
    faults = Faults()
    for field in PROFILE:
        if field in changes:
            with faults.gathered():
                setattr(user, field, _read(field, changes[field], region))
    faults.raise_if_any()
    user.save(update_fields=[*(field for field in PROFILE if field in changes), "search_text"])
    return user


def mark_favourite(user: User, venue_id: int) -> None:
    """Marks a venue as the person's favourite. Repeating it changes nothing."""
    Favourite.objects.bulk_create([Favourite(user=user, venue_id=venue_id)], ignore_conflicts=True)


def unmark_favourite(user: User, venue_id: int) -> None:
    """Removes the person's mark from a venue, if there is one."""
    user.favourites.filter(venue_id=venue_id).delete()


def log_out_everywhere(user: User) -> None:
    """Ends all tokens of a person at once, as when somebody else may have the account."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(token_version=F("token_version") + 1)
        RefreshToken.objects.filter(user=user, revoked_at=None).update(revoked_at=timezone.now())


def claim(user: User) -> None:
    """Gives an account to the person who proved, through a provider, that its address is theirs.

    Whoever created the account did not prove that. Their password, tokens and linked providers end.
    Does nothing when the address was verified before.
    """
    if EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists():
        return
    with transaction.atomic():
        user.set_unusable_password()
        user.save(update_fields=["password"])
        SocialAccount.objects.filter(user=user).delete()
        EmailAddress.objects.filter(user=user).delete()
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        log_out_everywhere(user)


def export(user: User) -> dict[str, Any]:
    """Everything held about a person in this application.

    `profile` is the user, the rest are values. Reservations add their own (`reservations.erasure`).
    """
    return {
        "profile": user,
        "favourites": list(user.favourites.values("created_at", slug=F("venue__slug"))),
        "reviews": list(user.reviews.values("stars", "text", "created_at", slug=F("venue__slug"))),
        "addresses": list(
            EmailAddress.objects.filter(user=user).values("email", "verified", "primary")
        ),
        "clients": list(
            user.practices.values(
                "first_name", "last_name", "email", "phone", "created_at", slug=F("venue__slug")
            )
        ),
        "sessions": [{"expires_at": at} for at in sessions.lasting(user.pk)],
        "log_ins": list(user.refresh_tokens.values("created_at", "expires_at", "revoked_at")),
        "sign_in_providers": list(
            SocialAccount.objects.filter(user=user).values(
                "provider", "uid", "extra_data", "date_joined", "last_login"
            )
        ),
    }


def profile(user: User) -> dict[str, Any]:
    """The person's own data, by field name, as exports and the API show it."""
    return {"id": str(user.pk), **{field: getattr(user, field) for field in EXPORTED}}


def judge_erasure(user: User) -> None:
    """Raises LastAdministrator when no other active administrator would be left."""
    others = User.objects.filter(role=User.Role.ADMINISTRATOR, is_active=True).exclude(pk=user.pk)
    if user.role == User.Role.ADMINISTRATOR and not others.exists():
        raise LastAdministrator


def erase(user: User) -> dict[str, int]:
    """Deletes a person and the rows that belong to them. Blank their reservations before.

    Returns how many rows of each kind there were.
    """
    with transaction.atomic():
        counts = count(user)
        # The admin's log names people by their e-mail address.
        _log_entries(user).update(object_repr=f"user {user.pk}", change_message="")
        user.delete()
        return counts


def count(user: User) -> dict[str, int]:
    """Counts the rows of each kind that belong to a person, the account included."""
    of_user = {name: model.objects.filter(user=user) for name, model in _HANGS_ON.items()}
    rows = {"accounts": 1, "entries of the admin's log": _log_entries(user).count()}
    return rows | {name: found.count() for name, found in of_user.items()}


def _log_entries(user: User) -> QuerySet[LogEntry]:
    kind = ContentType.objects.get_for_model(User)
    return LogEntry.objects.filter(content_type=kind, object_id=str(user.pk))


def name(raw: str, field: str) -> str:
    """A first or last name as stored.

    Raises ContactInvalid if it is blank, too long or unprintable.
    """
    trimmed = texts.clean(raw)
    if not trimmed:
        raise ContactInvalid(field, gettext(ONE_NAME))
    if len(trimmed) > LONGEST_NAME:
        raise ContactInvalid(
            field, gettext("This has at most %(most)s characters.") % {"most": LONGEST_NAME}
        )
    if not texts.is_printable(trimmed):
        raise ContactInvalid(
            field, gettext("This contains characters that cannot be printed. Remove them.")
        )
    return trimmed


def _read(field: str, value: Any, region: str) -> Any:
    match field:
        case "first_name" | "last_name":
            return name(value, field)
        case "phone":
            return phones.parse(value, region or settings.DEFAULT_PHONE_REGION)
        case _:
            return bool(value)


def _judge_password(password: str, draft: User) -> None:
    try:
        validate_password(password, draft)
    except ValidationError as error:
        raise ContactInvalid("password", *error.messages) from None
