from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reservations', '0008_unpaid_by_address'),
    ]

    operations = [
        migrations.CreateModel(
            name='AccessRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reader', models.CharField(max_length=80)),
                ('reader_kind', models.CharField(max_length=16)),
                ('place', models.CharField(max_length=60)),
                ('why', models.CharField(choices=[('search', 'Search'), ('open', 'Open'), ('export', 'Export')], max_length=8)),
                ('venue_id', models.BigIntegerField(blank=True, null=True)),
                ('reservation_id', models.BigIntegerField(blank=True, null=True)),
                ('user_id', models.BigIntegerField(blank=True, null=True)),
                ('at', models.DateTimeField(db_index=True)),
            ],
            options={
                'ordering': ['-id'],
                'default_permissions': ('view',),
            },
        ),
        migrations.CreateModel(
            name='DataLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.CharField(max_length=254)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('asked_at', models.DateTimeField(db_index=True)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.AddIndex(
            model_name='accessrecord',
            index=models.Index(fields=['reader', 'at'], name='access_by_reader'),
        ),
        migrations.AddIndex(
            model_name='accessrecord',
            index=models.Index(condition=models.Q(('reservation_id__isnull', False)), fields=['reservation_id', 'at'], name='access_of_reservation'),
        ),
        migrations.AddIndex(
            model_name='accessrecord',
            index=models.Index(condition=models.Q(('user_id__isnull', False)), fields=['user_id', 'at'], name='access_of_user'),
        ),
    ]
