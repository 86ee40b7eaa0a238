from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reservations', '0016_event_once_a_round'),
    ]

    operations = [
        migrations.AddField(
            model_name='reservation',
            name='replaces',
            field=models.BigIntegerField(blank=True, editable=False, null=True),
        ),
    ]
