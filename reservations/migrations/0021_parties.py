from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reservations', '0020_letters'),
    ]

    operations = [
        migrations.AddField(
            model_name='reservation',
            name='children',
            field=models.JSONField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='reservation',
            name='reference',
            field=models.CharField(blank=True, max_length=64, null=True),
        ),
        migrations.AddField(
            model_name='reservation',
            name='metadata',
            field=models.JSONField(blank=True, editable=False, null=True),
        ),
    ]
