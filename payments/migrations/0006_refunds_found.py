from django.db import migrations, models

from venues.online_indexes import AddIndexWhileServing, AddUniqueWhileServing


class Migration(migrations.Migration):
    # PostgreSQL builds no index concurrently inside a transaction.
    atomic = False

    dependencies = [
        ("payments", "0005_refunds_owed"),
    ]

    operations = [
        AddIndexWhileServing(
            model_name="refund",
            index=models.Index(
                condition=models.Q(("state__in", ["open", "failed"])),
                fields=["reservation"],
                name="refund_owed",
            ),
        ),
        AddUniqueWhileServing(
            model_name="refund",
            constraint=models.UniqueConstraint(
                condition=models.Q(("event_id__isnull", False)),
                fields=("payment", "event_id"),
                name="refund_once_a_cancelling",
            ),
        ),
    ]
