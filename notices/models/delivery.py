"""The tables of what leaves the product: deliveries, and the attempts to make them."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from reservations.models import Event, Reservation
from venues.models import Venue


class Channel(models.TextChoices):
    """By what a delivery leaves."""

    MAIL = "mail"
    SMS = "sms"
    CHAT = "chat"
    WEBHOOK = "webhook"


class Outcome(models.TextChoices):
    """How a delivery ended. Empty while it waits."""

    WAITING = "", "waiting"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"
    SUPPRESSED = "suppressed"
    SUPERSEDED = "superseded"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Deliveries, read as sentences."""

    def waiting(self) -> "DeliveryQuerySet":
        """Returns those that are not done."""
        return self.filter(done_at__isnull=True)

    def due(self, now: datetime) -> "DeliveryQuerySet":
        """Returns those to be tried by `now` (UTC)."""
        return self.waiting().filter(next_try_at__lte=now)


class Delivery(models.Model):
    """One message to one receiver on one channel. Mail and SMS are rendered when they are sent.

    Instants are UTC. `notices.outgoing` inserts, `notices.claims` changes.
    """

    kind = models.CharField(max_length=40)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    # Deliveries of one lane share a receiver, and only a few of them are tried at once.
    lane = models.CharField(max_length=80)
    # An address or a number; for webhooks and chat, the id of the row that holds the address.
    to = models.CharField(max_length=254)
    language = models.CharField(max_length=8, blank=True)
    event = models.ForeignKey(
        Event, on_delete=models.CASCADE, related_name="+", null=True, blank=True, db_index=False
    )
    # The index below serves queries by reservation.
    reservation = models.ForeignKey(
        Reservation,
        on_delete=models.CASCADE,
        related_name="deliveries",
        null=True,
        blank=True,
        db_index=False,
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="deliveries",
        null=True,
        blank=True,
    )
    # The index below serves queries by venue.
    venue = models.ForeignKey(
        Venue,
        on_delete=models.CASCADE,
        related_name="deliveries",
        null=True,
        blank=True,
        db_index=False,
    )
    # The version of the reservation that is told.
    version = models.PositiveIntegerField(null=True, blank=True)
    # Says what is told to whom, so that nothing is told twice.
    dedupe = models.CharField(max_length=200)
    # What the letter needs beside the facts of the reservation.
    data = models.JSONField(default=dict, blank=True)
    # The very text of a webhook, so that a replay is the same bytes.
    body = models.TextField(blank=True)

    created_at = models.DateTimeField()
    # After this instant it is not sent any more.
    useful_until = models.DateTimeField(null=True, blank=True)
    next_try_at = models.DateTimeField()
    # The batch that is trying it; the lease ends at `next_try_at`.
    claimed_by = models.CharField(max_length=32, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    message_id = models.CharField(max_length=200, blank=True)
    replay_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, related_name="replays", null=True, blank=True
    )

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        verbose_name_plural = "deliveries"
        indexes: ClassVar = [
            # claims.claim reads what is due, lane by lane.
            models.Index(
                fields=["next_try_at", "lane"],
                name="delivery_waiting",
                condition=Q(done_at__isnull=True),
            ),
            models.Index(
                fields=["lane", "next_try_at"],
                name="delivery_waiting_of_lane",
                condition=Q(done_at__isnull=True),
            ),
            # A channel looks for what is due past any number that waits for another one.
            models.Index(
                fields=["channel", "next_try_at", "lane"],
                name="delivery_waiting_of_channel",
                condition=Q(done_at__isnull=True),
            ),
            models.Index(fields=["lane", "-id"], name="delivery_of_lane"),
            models.Index(fields=["reservation", "-id"], name="delivery_of_reservation"),
            models.Index(fields=["venue", "-id"], name="delivery_of_venue"),
            models.Index(fields=["done_at"], name="delivery_done"),
            # Finds the letter that came back.
            models.Index(
                fields=["message_id"], name="delivery_of_message", condition=~Q(message_id="")
            ),
        ]
        constraints: ClassVar = [
            # outgoing.add relies on it: a fan-out that is repeated adds nothing.
            models.UniqueConstraint(fields=["dedupe"], name="delivery_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.channel}"


class Attempt(models.Model):
    """One try of a delivery: when, how long, and what came of it."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField()
    took_ms = models.PositiveIntegerField()
    # An outcome, or "retry" where it is tried again.
    outcome = models.CharField(max_length=10)
    # The status that the receiver answered with, of HTTP or SMTP; null without an answer.
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    detail = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.outcome} {self.at:%Y-%m-%d %H:%M}"
