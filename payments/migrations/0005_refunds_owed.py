"""Refunds that are promised before the money goes, and how they are paid out."""

from django.db import migrations, models

METHODS = [
    ("cash", "cash"),
    ("terminal", "card terminal"),
    ("voucher", "voucher"),
    ("transfer", "bank transfer"),
    ("card", "card"),
]
STATES = [
    ("open", "Open"),
    ("failed", "Failed"),
    ("refunded", "Refunded"),
    ("withdrawn", "Withdrawn"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0004_checkouts_validated"),
    ]

    operations = [
        migrations.AddField(
            model_name="refund",
            name="method",
            field=models.CharField(blank=True, choices=METHODS, db_default="", default="", max_length=16),
        ),
        migrations.AddField(
            model_name="refund",
            name="till",
            field=models.CharField(blank=True, db_default="", default="", max_length=30),
        ),
        migrations.AddField(
            model_name="refund",
            name="event_id",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="refund",
            name="begun_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="refund",
            name="next_try_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="refund",
            name="retries",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="refund",
            name="detail",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        migrations.AddField(
            model_name="refund",
            name="refunded_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="refund",
            name="state",
            field=models.CharField(choices=STATES, max_length=16),
        ),
    ]
