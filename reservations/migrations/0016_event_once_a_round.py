from django.db import migrations, models

from venues.online_indexes import AddUniqueWhileServing

ONCE = (
    'reservation.created', 'reservation.confirmed', 'reservation.checked_in', 'reservation.checked_out',
    'reservation.cancelled', 'reservation.expired', 'reservation.completed', 'reservation.missed',
    'reservation.rest_released',
)


class Migration(migrations.Migration):
    # PostgreSQL builds no index concurrently inside a transaction.
    atomic = False

    dependencies = [
        ('reservations', '0015_rounds'),
    ]

    operations = [
        AddUniqueWhileServing(
            model_name='event',
            constraint=models.UniqueConstraint(condition=models.Q(('name__in', ONCE)), fields=('reservation', 'name', 'round'), name='event_once_a_round'),
        ),
        migrations.RemoveConstraint(
            model_name='event',
            name='event_once',
        ),
    ]
