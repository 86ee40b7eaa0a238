"""A link to one's own data may go to a phone number."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reservations', '0024_cancelled_paid'),
    ]

    operations = [
        migrations.AddField(
            model_name='datalink',
            name='phone',
            field=models.CharField(blank=True, db_default='', default='', max_length=16),
        ),
    ]
