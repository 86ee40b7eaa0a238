from datetime import timedelta

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("venues", "0010_provider_once")]

    operations = [
        migrations.AddField(
            model_name="policy",
            name="last_arrival",
            field=models.DurationField(
                db_default=timedelta(days=1),
                default=timedelta(days=1),
                help_text="nights are sold until this time after midnight of the day of arrival, by the local clock: 24 hours is midnight, 26 hours two in the night",
            ),
        ),
    ]
