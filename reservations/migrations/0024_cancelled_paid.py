from django.db import migrations, models

from venues.online_indexes import AddIndexWhileServing


class Migration(migrations.Migration):
    # PostgreSQL builds no index concurrently inside a transaction.
    atomic = False

    dependencies = [
        ('reservations', '0023_due_now'),
    ]

    operations = [
        AddIndexWhileServing(
            model_name='reservation',
            index=models.Index(condition=models.Q(('cancelled_at__isnull', False), ('paid_minor__gt', 0)), fields=['cancelled_at'], name='reservation_cancelled_paid'),
        ),
    ]
