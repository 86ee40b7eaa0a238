from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('venues', '0009_provider_venues'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='provider',
            constraint=models.UniqueConstraint(fields=('venue', 'email'), name='provider_email_once'),
        ),
        migrations.AddConstraint(
            model_name='provider',
            constraint=models.UniqueConstraint(fields=('venue', 'phone'), name='provider_phone_once'),
        ),
    ]
