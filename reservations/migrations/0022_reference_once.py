from django.db import migrations, models

from venues.online_indexes import AddUniqueWhileServing


class Migration(migrations.Migration):
    # PostgreSQL builds no index concurrently inside a transaction.
    atomic = False

    dependencies = [
        ('reservations', '0021_parties'),
    ]

    operations = [
        AddUniqueWhileServing(
            model_name='reservation',
            constraint=models.UniqueConstraint(condition=models.Q(('reference__isnull', False)), fields=('reference', 'partner'), name='reservation_reference_once'),
        ),
    ]
