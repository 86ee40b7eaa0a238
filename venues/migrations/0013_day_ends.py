import datetime

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('venues', '0012_money'),
    ]

    operations = [
        migrations.AddField(
            model_name='policy',
            name='day_ends',
            field=models.TimeField(db_default=datetime.time(4, 0), default=datetime.time(4, 0)),
        ),
    ]
