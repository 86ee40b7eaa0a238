from django.db import migrations, models

from venues.online_indexes import AddIndexWhileServing

KINDS = [
    ("price", "Price"),
    ("adjustment", "Adjustment"),
    ("fee", "Fee"),
    ("waiver", "Waiver"),
    ("payment", "Payment"),
    ("refund", "Refund"),
    ("dispute", "Dispute"),
    ("count", "Count"),
]


class Migration(migrations.Migration):
    # PostgreSQL builds no index concurrently inside a transaction.
    atomic = False

    dependencies = [
        ("payments", "0006_refunds_found"),
    ]

    operations = [
        migrations.AlterField(
            model_name="entry",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=16),
        ),
        AddIndexWhileServing(
            model_name="checkout",
            index=models.Index(
                condition=models.Q(("state", "captured")),
                fields=["asked_at"],
                name="checkout_taken",
            ),
        ),
    ]
