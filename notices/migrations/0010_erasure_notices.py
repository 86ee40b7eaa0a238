"""Whose guests were told that retention will blank them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notices', '0009_letters_of_money'),
        ('reservations', '0025_data_link_of_phone'),
    ]

    operations = [
        migrations.CreateModel(
            name='ErasureNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('reservation', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='reservations.reservation')),
            ],
            options={
                'default_permissions': (),
            },
        ),
    ]
