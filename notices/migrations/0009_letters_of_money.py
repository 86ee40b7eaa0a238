from django.db import migrations, models

KINDS = [
    "reservation.held",
    "reservation.expired",
    "reservation.confirmed",
    "reservation.changed",
    "reservation.unit_fixed",
    "reservation.reinstated",
    "reservation.cancelled",
    "payment.link",
    "payment.captured",
    "payment.failed",
    "payment.voided",
    "payment.refunded",
]


class Migration(migrations.Migration):
    dependencies = [
        ("notices", "0008_told"),
    ]

    operations = [
        migrations.AlterField(
            model_name="template",
            name="kind",
            field=models.CharField(choices=[(kind, kind) for kind in KINDS], max_length=40),
        ),
    ]
