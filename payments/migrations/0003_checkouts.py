"""Payments by card: checkouts, what providers reported, and what the fake provider remembers."""

from typing import Any

import django.db.models.deletion
import payments.models.checkout
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

PURPOSES = [("pay", "Pay"), ("guarantee", "Guarantee")]
METHODS = [
    ("cash", "cash"),
    ("terminal", "card terminal"),
    ("voucher", "voucher"),
    ("transfer", "bank transfer"),
    ("card", "card"),
]
STATES = [
    ("open", "Open"),
    ("authorised", "Authorised"),
    ("captured", "Captured"),
    ("failed", "Failed"),
    ("voided", "Voided"),
    ("refunded", "Refunded"),
    ("expired", "Expired"),
]


class AddConstraint(AddConstraintNotValid):
    """Without reading the table on PostgreSQL; SQLite makes the table anew."""

    def database_forwards(self, app_label: str, editor: Any, before: Any, after: Any) -> None:
        own = super() if editor.connection.vendor == "postgresql" else super(AddConstraintNotValid, self)
        own.database_forwards(app_label, editor, before, after)


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0002_count_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name="Checkout",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("provider", models.CharField(max_length=40)),
                ("ref", models.CharField(blank=True, max_length=255)),
                ("key", models.CharField(default=payments.models.checkout.new_key, max_length=48, unique=True)),
                ("purpose", models.CharField(choices=PURPOSES, max_length=16)),
                ("group", models.UUIDField(blank=True, null=True)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("state", models.CharField(choices=[("open", "Open"), ("authorised", "Authorised"), ("paid", "Paid"), ("to_capture", "To Capture"), ("captured", "Captured"), ("to_void", "To Void"), ("voided", "Voided"), ("to_refund", "To Refund"), ("refunded", "Refunded"), ("failed", "Failed"), ("expired", "Expired")], max_length=16)),
                ("is_for_hold", models.BooleanField(default=False)),
                ("has_prolonged", models.BooleanField(default=False)),
                ("is_taken", models.BooleanField(default=False)),
                ("url", models.CharField(blank=True, max_length=2000)),
                ("return_url", models.CharField(blank=True, max_length=2000)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("reason", models.CharField(blank=True, max_length=120)),
                ("refunded_minor", models.BigIntegerField(default=0)),
                ("disputed_minor", models.BigIntegerField(default=0)),
                ("mandate", models.CharField(blank=True, max_length=255)),
                ("limit_minor", models.BigIntegerField(default=0)),
                ("consent_text", models.CharField(blank=True, max_length=1000)),
                ("consent_at", models.DateTimeField(blank=True, null=True)),
                ("consent_address", models.CharField(blank=True, max_length=45)),
                ("created_at", models.DateTimeField()),
                ("asked_at", models.DateTimeField(blank=True, null=True)),
                ("by", models.CharField(max_length=80)),
                ("by_kind", models.CharField(max_length=16)),
            ],
            options={
                "ordering": ["id"],
                "indexes": [models.Index(condition=models.Q(("state__in", ("open", "authorised", "paid", "to_capture", "to_void", "to_refund"))), fields=["created_at"], name="checkout_unsettled")],
                "constraints": [
                    models.UniqueConstraint(condition=models.Q(("ref", ""), _negated=True), fields=("provider", "ref"), name="checkout_ref_once"),
                    models.CheckConstraint(condition=models.Q(("amount_minor__gte", 0)), name="checkout_not_negative"),
                ],
            },
        ),
        migrations.CreateModel(
            name="FakeCharge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(max_length=48, unique=True)),
                ("key", models.CharField(max_length=120, unique=True)),
                ("purpose", models.CharField(choices=PURPOSES, max_length=16)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("text", models.CharField(blank=True, max_length=255)),
                ("state", models.CharField(max_length=16)),
                ("succeeds_at", models.DateTimeField(blank=True, null=True)),
                ("captured_minor", models.BigIntegerField(default=0)),
                ("back_url", models.CharField(blank=True, max_length=2000)),
                ("expires_at", models.DateTimeField()),
                ("mandate", models.CharField(blank=True, max_length=48)),
                ("reason", models.CharField(blank=True, max_length=60)),
            ],
            options={"ordering": ["id"]},
        ),
        migrations.CreateModel(
            name="FakeRefund",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=120, unique=True)),
                ("amount_minor", models.BigIntegerField()),
                ("charge", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="refunds", to="payments.fakecharge")),
            ],
            options={"ordering": ["id"]},
        ),
        migrations.CreateModel(
            name="ProviderEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("provider", models.CharField(max_length=40)),
                ("event_id", models.CharField(max_length=255)),
                ("type", models.CharField(max_length=120)),
                ("ref", models.CharField(blank=True, max_length=255)),
                ("version", models.CharField(blank=True, max_length=40)),
                ("received_at", models.DateTimeField(db_index=True)),
                ("handled_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["id"],
                "indexes": [models.Index(condition=models.Q(("handled_at__isnull", True)), fields=["received_at"], name="provider_event_unhandled")],
                "constraints": [models.UniqueConstraint(fields=("provider", "event_id"), name="provider_event_once")],
            },
        ),
        migrations.AddField(
            model_name="payment",
            name="checkout",
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="payments", to="payments.checkout"),
        ),
        migrations.AlterField(
            model_name="payment",
            name="method",
            field=models.CharField(choices=METHODS, max_length=16),
        ),
        migrations.AlterField(
            model_name="payment",
            name="state",
            field=models.CharField(choices=STATES, max_length=16),
        ),
        migrations.AlterField(
            model_name="refund",
            name="state",
            field=models.CharField(choices=STATES, max_length=16),
        ),
        AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(condition=models.Q(("amount_minor__gt", 0), models.Q(("amount_minor", 0), ("method", "card")), _connector="OR"), name="payment_above_zero_or_by_card"),
        ),
        migrations.RemoveConstraint(model_name="payment", name="payment_above_zero"),
    ]
