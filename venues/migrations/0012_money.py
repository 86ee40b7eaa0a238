from datetime import timedelta

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('venues', '0011_last_arrival'),
    ]

    operations = [
        migrations.AddField(
            model_name='policy',
            name='guests_change_late',
            field=models.BooleanField(db_default=True, default=True, help_text='guests may change time, unit and party when cancelling is no longer free'),
        ),
        migrations.AddField(
            model_name='policy',
            name='leaving_grace',
            field=models.DurationField(db_default=timedelta(0), default=timedelta(0)),
        ),
        migrations.AddField(
            model_name='rate',
            name='free_minutes',
            field=models.PositiveSmallIntegerField(blank=True, help_text='of the beginning of a stay that cost nothing', null=True),
        ),
        migrations.AddField(
            model_name='rate',
            name='least_stay',
            field=models.PositiveSmallIntegerField(blank=True, help_text='only for stays of so many nights, or hours, or more', null=True),
        ),
    ]
