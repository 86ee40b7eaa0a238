from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('guests', '0004_failed_log_ins'),
    ]

    operations = [
        migrations.RenameModel(old_name='FailedLogIns', new_name='Tally'),
    ]
