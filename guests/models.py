"""The tables of people, their favourites, reviews and tokens, and of partners and their keys."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from guests.emails import fold
from guests.scopes import SCOPES
from spelling import search_text
from spelling.fields import SearchTextField

STAFF_APPS = frozenset({"venues", "reservations"})
"""The parts of the admin that staff of a venue may use. People and keys are not among them."""


def are_scopes(names: object) -> None:
    """Raises ValidationError for anything but a list of known scopes."""
    if not isinstance(names, list) or any(name not in SCOPES for name in names):
        raise ValidationError(f"Give a list out of: {', '.join(SCOPES)}.")


class UserManager(BaseUserManager["User"]):
    """Finds and creates people by e-mail address, in any capitals."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """The person with this address, for Django's log-in. Raises User.DoesNotExist."""
        return self.get(email=fold(username or ""))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Creates and saves a person.

        With None as password they can only sign in through a provider.
        """
        user = self.model(email=fold(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Creates and saves an administrator, for `createsuperuser`."""
        return self.create_user(email, password, role=User.Role.ADMINISTRATOR, **fields)


class User(AbstractBaseUser):
    """A person who logs in by e-mail: a guest, staff of some venues, or an administrator."""

    class Role(models.TextChoices):
        GUEST = "guest"
        STAFF = "staff"
        ADMINISTRATOR = "administrator"

    email = models.EmailField(unique=True, max_length=254)
    first_name = models.CharField(max_length=15, blank=True)
    last_name = models.CharField(max_length=15, blank=True)
    phone = models.CharField(
        max_length=16, blank=True, validators=[RegexValidator(r"^\+[1-9][0-9]{1,14}\Z")]
    )
    receive_email_updates = models.BooleanField(default=True)
    receive_phone_call = models.BooleanField(default=True)
    receive_text_notification = models.BooleanField(default=False)

    role = models.CharField(max_length=16, choices=Role.choices, default=Role.GUEST)
    staff_venues = models.ManyToManyField(
        "venues.Venue", through="VenueRole", related_name="staff", blank=True
    )
    is_active = models.BooleanField(default=True)
    token_version = models.PositiveIntegerField(default=0, editable=False)
    search_text = SearchTextField()
    created_at = models.DateTimeField(auto_now_add=True)

    # What the person wants to be told, and when. Empty language: the venue's; empty zone: that of
    # the lot where they parked last.
    language = models.CharField(max_length=8, blank=True, db_default="")
    time_zone = models.CharField(max_length=64, blank=True, db_default="")
    reminders = models.BooleanField(default=True, db_default=True)
    monthly_report = models.BooleanField(default=True, db_default=True)
    # The local time of the evening word. Null until the person has chosen one.
    evening_at = models.TimeField(null=True, blank=True)
    evening_channel = models.CharField(max_length=8, default="mail", db_default="mail")
    chat_url = models.CharField(max_length=400, blank=True, db_default="")
    # When the evening word is due next. Null where that is to be worked out.
    evening_next_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Since when lots are new to the person: the last word, or when they chose to have one.
    evening_since = models.DateTimeField(null=True, blank=True, editable=False)

    objects = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar = []

    class Meta:
        ordering: ClassVar = ["email"]
        constraints: ClassVar = [
            # Permissions rely on it: each of them reads the role.
            models.CheckConstraint(
                name="user_role_is_known",
                condition=Q(role__in=["guest", "staff", "administrator"]),
            ),
        ]
        indexes: ClassVar = [
            # The sweep of evening words reads it every minute.
            models.Index(
                fields=["evening_next_at"],
                name="user_evening_word",
                condition=Q(evening_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        """Gives the address the form by which log-in finds it, for forms and the admin."""
        super().clean()
        self.email = fold(self.email)

    def searched_by(self) -> str:
        """Returns the search text: names, phone and e-mail, folded."""
        return search_text.of_person(
            self.first_name, self.last_name, phone=self.phone, email=self.email
        )

    @property
    def display_name(self) -> str:
        """The name by which pages address a person: their name, else the start of their address."""
        return f"{self.first_name} {self.last_name}".strip() or self.email.partition("@")[0]

    @property
    def is_staff(self) -> bool:
        """True when the person may use Django's admin: staff and administrators."""
        return self.role in (self.Role.STAFF, self.Role.ADMINISTRATOR)

    @property
    def is_superuser(self) -> bool:
        """True for administrators."""
        return self.role == self.Role.ADMINISTRATOR

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """True when the person may use this part of the admin: `perm` is `app.verb_model`.

        Administrators may use all of it, staff the apps in STAFF_APPS.
        """
        return self.has_module_perms(perm.partition(".")[0])

    def has_perms(self, perm_list: list[str], obj: object = None) -> bool:
        """True when the person has every one of these permissions."""
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        """True when the person is active and may use this application in the admin."""
        if not self.is_active:
            return False
        return self.is_superuser or (self.is_staff and app_label in STAFF_APPS)


class VenueRole(models.Model):
    """The role of a member of staff at a venue. Administrators need none."""

    class Level(models.TextChoices):
        CLERK = "clerk"
        MANAGER = "manager"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="venue_roles")
    venue = models.ForeignKey("venues.Venue", on_delete=models.CASCADE, related_name="roles")
    # Processes of 0.1.0 write no role during an upgrade. Their staff are managers.
    role = models.CharField(max_length=8, choices=Level.choices, db_default=Level.MANAGER)

    class Meta:
        # The table in which 0.1.0 kept staff, and its constraint.
        db_table = "guests_user_staff_venues"
        unique_together: ClassVar = [("user", "venue")]
        constraints: ClassVar = [
            # Every decision about what staff may do at a venue reads this word.
            models.CheckConstraint(
                name="venue_role_is_known", condition=Q(role__in=["clerk", "manager"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} is {self.role} of {self.venue_id}"


class PracticeClient(models.Model):
    """A person as one practice entered them. Other practices see nothing of it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="practices")
    venue = models.ForeignKey("venues.Venue", on_delete=models.CASCADE, related_name="clients")
    first_name = models.CharField(max_length=15)
    last_name = models.CharField(max_length=15)
    email = models.CharField(max_length=254)
    phone = models.CharField(max_length=16, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            # A practice enters a person once, also when two clerks do it at the same moment.
            models.UniqueConstraint(fields=["venue", "user"], name="practice_client_once"),
            models.UniqueConstraint(fields=["venue", "email"], name="practice_client_email_once"),
            models.UniqueConstraint(fields=["venue", "phone"], name="practice_client_phone_once"),
        ]

    def __str__(self) -> str:
        return f"client {self.user_id} of {self.venue_id}"


class Client(models.Model):
    """A client as 0.1.0 entered them, for all practices at once. Replaced by `PracticeClient`.

    The table stays for one release: processes of 0.1.0 write it during an upgrade.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True)
    phone = models.CharField(max_length=16, unique=True)

    def __str__(self) -> str:
        return f"client {self.pk}"


class Favourite(models.Model):
    """A venue that a person marked in order to find it again."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="favourites")
    venue = models.ForeignKey("venues.Venue", on_delete=models.CASCADE, related_name="favourites")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        constraints: ClassVar = [
            # accounts.mark_favourite relies on it: two marks at once leave one.
            models.UniqueConstraint(fields=["user", "venue"], name="favourite_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} likes {self.venue_id}"


class Review(models.Model):
    """A person's review of a venue: one to five stars, and a text that may be empty."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="reviews")
    venue = models.ForeignKey("venues.Venue", on_delete=models.CASCADE, related_name="reviews")
    stars = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=1000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        constraints: ClassVar = [
            # A venue's rating relies on it: each person counts once.
            models.UniqueConstraint(fields=["user", "venue"], name="review_once"),
            models.CheckConstraint(
                name="review_one_to_five_stars", condition=Q(stars__gte=1, stars__lte=5)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stars} stars for {self.venue_id}"


class RefreshToken(models.Model):
    """One refresh token. A family is a log-in and all tokens that were renewed from it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="refresh_tokens")
    family = models.UUIDField(db_index=True)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    spent_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"token of family {self.family}"


class Tally(models.Model):
    """How often something limited has happened since the first time."""

    # A keyed digest of what is counted and for whom (guests/rate_counters.py).
    who = models.CharField(max_length=64, primary_key=True)
    since = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.count} since {self.since}"


class Partner(models.Model):
    """A company whose system reserves for its own customers, with keys instead of a password."""

    slug = models.SlugField(unique=True, max_length=40)
    name = models.CharField(max_length=80)
    scopes = models.JSONField(default=list, validators=[are_scopes])
    venues = models.ManyToManyField("venues.Venue", related_name="partners", blank=True)
    has_all_venues = models.BooleanField(default=False)
    rate = models.CharField(
        max_length=12,
        blank=True,
        validators=[RegexValidator(r"^[1-9][0-9]{0,5}/[smhd]\Z", "Give a rate such as 600/m.")],
        help_text="requests per period, such as 600/m; blank for the usual rate",
    )
    notifies_guests = models.BooleanField(
        default=False,
        db_default=False,
        help_text="the partner writes to its guests itself, so we do not",
    )
    is_active = models.BooleanField(default=True)
    # Servers of the version before write none.
    email = models.EmailField(
        max_length=254,
        blank=True,
        db_default="",
        help_text="whom to tell when one of its webhooks is switched off",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["slug"]

    def __str__(self) -> str:
        return self.name


class PartnerKey(models.Model):
    """A key of a partner. Only its digest is stored; the key itself was shown once."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="keys")
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, related_name="+", null=True, blank=True
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.prefix}… of {self.partner_id}"
