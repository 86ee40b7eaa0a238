from django.db import migrations, models

from venues.online_indexes import AddUniqueWhileServing

class Migration(migrations.Migration):
    # PostgreSQL builds no index concurrently inside a transaction.
    atomic = False

    dependencies = [
        ('reservations', '0017_replaces'),
    ]

    operations = [
        AddUniqueWhileServing(
            model_name='reservation',
            constraint=models.UniqueConstraint(condition=models.Q(('cancelled_at__isnull', True), ('checked_out_at__isnull', True), ('completed_at__isnull', True), ('confirmed_at__isnull', False), ('missed_at__isnull', True)), fields=('day_key',), name='reservation_one_confirmed_a_day'),
        ),
        AddUniqueWhileServing(
            model_name='reservation',
            constraint=models.UniqueConstraint(condition=models.Q(('cancelled_at__isnull', True), ('confirmed_at__isnull', True), ('expired_at__isnull', True)), fields=('day_key',), name='reservation_one_held_a_day'),
        ),
        migrations.RemoveConstraint(
            model_name='reservation',
            name='reservation_one_a_day',
        ),
    ]
