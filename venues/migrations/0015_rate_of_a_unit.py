import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("venues", "0014_adds_buffers")]

    operations = [
        migrations.AddField(
            model_name="rate",
            name="resource",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="empty for the whole category; a unit with rates of its own is sold by "
                "name only",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="own_rates",
                to="venues.resource",
            ),
        ),
    ]
