"""The table of files that people asked for."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from venues.models import Venue


class ExportKind(models.TextChoices):
    """What is in the file."""

    PARKING = "parking"
    RESERVATIONS = "reservations"
    VENUE = "venue"


class ExportState(models.TextChoices):
    """How far the file is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ExportQuerySet(models.QuerySet["Export"]):
    """Exports, read as sentences."""

    def open(self) -> "ExportQuerySet":
        """Returns those that are not written yet."""
        return self.filter(done_at__isnull=True)

    def due(self, now: datetime) -> "ExportQuerySet":
        """Returns those that a worker may write at `now` (UTC)."""
        return self.open().filter(next_try_at__lte=now)


class Export(models.Model):
    """A CSV file of one person's reservations or of a venue's, for who asked for it.

    It is written part after part by a worker. Instants are UTC. `notices.exports` writes it.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="exports"
    )
    kind = models.CharField(max_length=12, choices=ExportKind.choices)
    venue = models.ForeignKey(
        Venue, on_delete=models.CASCADE, related_name="exports", null=True, blank=True
    )
    # Only of stays that begin in [since, until).
    since = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    # The language of the letter that says it is done.
    language = models.CharField(max_length=8, blank=True)
    # Whose it is and of what, while it is open: a second press finds the first.
    open_key = models.CharField(max_length=60, null=True, blank=True)  # noqa: DJ001

    state = models.CharField(max_length=8, choices=ExportState.choices, default=ExportState.WAITING)
    # The names of its parts in the storage `exports`, in order.
    parts = models.JSONField(default=list)
    rows = models.PositiveIntegerField(default=0)
    # The id of the last reservation that is in a part.
    last_id = models.BigIntegerField(default=0)

    created_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    claimed_by = models.CharField(max_length=32, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    # When its owner saw on the page that it is done.
    told_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(
                fields=["next_try_at"], name="export_open", condition=Q(done_at__isnull=True)
            ),
            models.Index(fields=["ends_at"], name="export_ends"),
        ]
        constraints: ClassVar = [
            # exports.start relies on it: one open export of a kind for each owner.
            models.UniqueConstraint(fields=["open_key"], name="export_open_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def first_date(self) -> date | None:
        """The first date of its stays at the venue."""
        return self.since.astimezone(self._zone).date() if self.since else None

    @property
    def last_date(self) -> date | None:
        """The last date of its stays at the venue."""
        last = self.until - timedelta(microseconds=1) if self.until else None
        return last.astimezone(self._zone).date() if last else None

    @property
    def _zone(self) -> tzinfo:
        return self.venue.zone if self.venue else UTC
