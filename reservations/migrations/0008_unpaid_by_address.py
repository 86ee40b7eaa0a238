from django.db import migrations, models

from venues.online_indexes import AddIndexWhileServing


class Migration(migrations.Migration):
    # PostgreSQL builds no index concurrently inside a transaction.
    atomic = False

    dependencies = [
        ('reservations', '0007_staying'),
    ]

    operations = [
        AddIndexWhileServing(
            model_name='reservation',
            index=models.Index(condition=models.Q(('confirmed_at__isnull', False), ('held_from__isnull', False)), fields=['held_from', 'ends_at'], name='reservation_unpaid_from'),
        ),
    ]
