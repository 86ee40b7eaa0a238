from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reservations', '0014_fees_of_before'),
    ]

    operations = [
        migrations.AddField(
            model_name='reservation',
            name='round',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='event',
            name='round',
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
    ]
