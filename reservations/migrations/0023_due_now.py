from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reservations', '0022_reference_once'),
    ]

    operations = [
        migrations.AddField(
            model_name='reservation',
            name='due_now_minor',
            field=models.BigIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='reservation',
            name='asks_guarantee',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name='reservation',
            name='guaranteed_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
