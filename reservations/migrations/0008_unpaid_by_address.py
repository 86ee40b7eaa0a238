from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class _AddIndex(AddIndexConcurrently):
    """Bookings go on while PostgreSQL builds it; SQLite has one writer at a time anyway."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        is_postgres = schema_editor.connection.vendor == 'postgresql'
        kind = AddIndexConcurrently if is_postgres else migrations.AddIndex
        kind.database_forwards(self, app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        is_postgres = schema_editor.connection.vendor == 'postgresql'
        kind = AddIndexConcurrently if is_postgres else migrations.AddIndex
        kind.database_backwards(self, app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('reservations', '0007_staying'),
    ]

    operations = [
        _AddIndex(
            model_name='reservation',
            index=models.Index(condition=models.Q(('confirmed_at__isnull', False), ('held_from__isnull', False)), fields=['held_from', 'ends_at'], name='reservation_unpaid_from'),
        ),
    ]
