from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("venues", "0013_day_ends")]

    operations = [
        migrations.AddField(
            model_name="policy",
            name="adds_buffers",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
