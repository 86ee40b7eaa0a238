from django.db import migrations, models

from venues.online_indexes import AddIndexWhileServing


class Migration(migrations.Migration):
    # PostgreSQL builds no index concurrently inside a transaction.
    atomic = False

    dependencies = [
        ('reservations', '0009_privacy'),
    ]

    operations = [
        AddIndexWhileServing(
            model_name='reservation',
            index=models.Index(condition=models.Q(('email', ''), _negated=True), fields=['email'], name='reservation_of_email'),
        ),
    ]
