from django.db import migrations, models

from venues.online_indexes import AddIndexWhileServing


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('notices', '0010_erasure_notices'),
    ]

    operations = [
        AddIndexWhileServing(
            model_name='delivery',
            index=models.Index(condition=models.Q(('done_at__isnull', True)), fields=['channel', 'next_try_at', 'lane'], name='delivery_waiting_of_channel'),
        ),
    ]
