from django.db import migrations, models

from venues.online_indexes import AddIndexWhileServing


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('hooks', '0002_feed_retention'),
    ]

    operations = [
        AddIndexWhileServing(
            model_name='feedentry',
            index=models.Index(fields=['written_at'], name='feed_written'),
        ),
    ]
