"""What happens to a person's account: sign-up, log-in, changes, export and erasure."""

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
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext

from guests import emails, phones, rate_counters
from guests.errors import (
    AlreadyRegistered,
    ContactInvalid,
    CredentialsInvalid,
    Faults,
    LastAdministrator,
    TooManySignUps,
)
from guests.models import Client, Favourite, RefreshToken, User
from guests.rates import Allowance

LONGEST_NAME = 15
PREFERENCES = ("receive_email_updates", "receive_phone_call", "receive_text_notification")
EXPORTED = (
    "email", "first_name", "last_name", "display_name", "phone", *PREFERENCES, "role",
    "created_at", "last_login",
)  # fmt: skip
PROFILE = ("first_name", "last_name", "phone", *PREFERENCES)


def count_sign_up(place: str) -> Allowance:
    """Count one more from this place and tell what is left. Raises TooManySignUps."""
    allowance = rate_counters.count(rate_counters.name("sign-up", place), settings.SIGN_UP_RATE)
    if allowance.is_overdrawn:
        raise TooManySignUps(allowance)
    return allowance


def sign_up(
    *, email: str, password: str, first_name: str, last_name: str, phone: str, region: str = ""
) -> User:
    """A new guest: `draft_guest` and `register` in one. Used where nothing else is made with it."""
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
    """Somebody who wants to sign up, judged and hashed before any transaction begins.

    ContactInvalid names every field at fault; `region` reads a national phone.
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
    """Save somebody new; AlreadyRegistered if their address is known."""
    try:
        with transaction.atomic():
            draft.save(force_insert=True)
    except IntegrityError:
        raise AlreadyRegistered from None
    return draft


def enter_client(*, email: str, first_name: str, last_name: str, phone: str, region: str) -> User:
    """A person whom a practice enters: a guest without a password, found by address and phone.

    Raises ContactInvalid naming every field at fault, AlreadyRegistered for either one twice.
    """
    found = read_person(
        email=email, first_name=first_name, last_name=last_name, phone=phone, region=region
    )
    with transaction.atomic():
        user = create_user(**found)
        try:
            with transaction.atomic():
                Client.objects.create(user=user, phone=user.phone)
        except IntegrityError:
            raise AlreadyRegistered(
                gettext("This phone number is already registered. Log in instead.")
            ) from None
        return user


def read_person(
    *, email: str, first_name: str, last_name: str, phone: str, region: str
) -> dict[str, str]:
    """Contact data in its stored form. Raises ContactInvalid naming every field at fault."""
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
    """A user as given, no rule but the unique address applied; AlreadyRegistered if it is not.

    Used by practices and by the demonstration data.
    """
    user = User(email=emails.fold(email), **fields)
    user.set_password(password)
    return register(user)


def log_in(*, email: str, password: str) -> User:
    """The person whose address and password these are.

    An unknown address, a wrong password and a closed account answer alike, after the same work.
    """
    user = User.objects.filter(email=emails.fold(email)).first()
    if user is None:
        make_password(password)
        raise CredentialsInvalid
    if not user.check_password(password) or not user.is_active:
        raise CredentialsInvalid
    User.objects.filter(pk=user.pk).update(last_login=timezone.now())
    return user


def change_profile(user: User, changes: Mapping[str, Any]) -> User:
    """Contact data and preferences; what is not in `changes` stays. ContactInvalid names faults."""
    faults = Faults()
    for field in PROFILE:
        if field in changes:
            with faults.gathered():
                setattr(user, field, _read(field, changes[field]))
    faults.raise_if_any()
    user.save(update_fields=[field for field in PROFILE if field in changes])
    return user


def mark_favourite(user: User, venue_id: int) -> None:
    """Marking a venue twice is marking it once."""
    Favourite.objects.bulk_create([Favourite(user=user, venue_id=venue_id)], ignore_conflicts=True)


def unmark_favourite(user: User, venue_id: int) -> None:
    """A venue without a mark is left as it is."""
    user.favourites.filter(venue_id=venue_id).delete()


def log_out_everywhere(user: User) -> None:
    """End every token of a person at once; used when the account may be in other hands."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(token_version=F("token_version") + 1)
        RefreshToken.objects.filter(user=user, revoked_at=None).update(revoked_at=timezone.now())


def claim(user: User) -> None:
    """Give an account to who has proved, through a provider, that its address is theirs.

    Whoever made it never proved that: their password, tokens and other ways in end, once.
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
    """What is held about a person here: the row itself and values; reservations add theirs."""
    return {
        "profile": user,
        "favourites": list(user.favourites.values("created_at", slug=F("venue__slug"))),
        "reviews": list(user.reviews.values("stars", "text", "created_at", slug=F("venue__slug"))),
        "log_ins": list(user.refresh_tokens.values("created_at", "expires_at", "revoked_at")),
        "sign_in_providers": list(
            SocialAccount.objects.filter(user=user).values(
                "provider", "uid", "extra_data", "date_joined", "last_login"
            )
        ),
    }


def profile(user: User) -> dict[str, Any]:
    """The person's own row, as it is handed out."""
    return {"id": str(user.pk), **{field: getattr(user, field) for field in EXPORTED}}


def judge_erasure(user: User) -> None:
    """Raise LastAdministrator where nobody would be left to run the place."""
    others = User.objects.filter(role=User.Role.ADMINISTRATOR, is_active=True).exclude(pk=user.pk)
    if user.role == User.Role.ADMINISTRATOR and not others.exists():
        raise LastAdministrator


def erase(user: User) -> None:
    """Delete a person and what hangs on them here; reservations have blanked theirs before."""
    with transaction.atomic():
        kind = ContentType.objects.get_for_model(User)
        entries = LogEntry.objects.filter(content_type=kind, object_id=str(user.pk))
        # The admin's log names people by address.
        entries.update(object_repr=f"user {user.pk}", change_message="")
        user.delete()


def name(raw: str, field: str) -> str:
    """A first or last name as stored; ContactInvalid if it is blank, too long or unprintable."""
    trimmed = raw.strip()
    if not trimmed:
        raise ContactInvalid(field, gettext("This must not be blank."))
    if len(trimmed) > LONGEST_NAME:
        raise ContactInvalid(
            field, gettext("This has at most %(most)s characters.") % {"most": LONGEST_NAME}
        )
    if not trimmed.isprintable():
        raise ContactInvalid(
            field, gettext("This contains characters that cannot be printed. Remove them.")
        )
    return trimmed


def _read(field: str, value: Any) -> Any:
    match field:
        case "first_name" | "last_name":
            return name(value, field)
        case "phone":
            return phones.parse(value, settings.DEFAULT_PHONE_REGION)
        case _:
            return bool(value)


def _judge_password(password: str, draft: User) -> None:
    try:
        validate_password(password, draft)
    except ValidationError as error:
        raise ContactInvalid("password", *error.messages) from None
