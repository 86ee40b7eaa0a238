from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reservations', '0012_plates'),
    ]

    operations = [
        migrations.AddField(
            model_name='reservation',
            name='fee_due_minor',
            field=models.BigIntegerField(db_default=0, default=0),
        ),
    ]
