from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class AddIndexWhileServing(AddIndexConcurrently):
    """Builds the index beside running bookings on PostgreSQL; SQLite builds it as usual."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != 'postgresql':
            migrations.AddIndex.database_forwards(
                self, app_label, schema_editor, from_state, to_state
            )
            return
        # A build that was broken off leaves an index that is not used; a large one takes minutes.
        schema_editor.execute(f'DROP INDEX CONCURRENTLY IF EXISTS {self.index.name}')
        schema_editor.execute('SET statement_timeout = 0')
        schema_editor.execute('SET lock_timeout = 0')
        try:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        finally:
            schema_editor.execute('RESET statement_timeout')
            schema_editor.execute('RESET lock_timeout')

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == 'postgresql':
            super().database_backwards(app_label, schema_editor, from_state, to_state)
        else:
            migrations.AddIndex.database_backwards(
                self, app_label, schema_editor, from_state, to_state
            )


class Migration(migrations.Migration):
    # PostgreSQL builds no index concurrently inside a transaction.
    atomic = False

    dependencies = [
        ('reservations', '0009_privacy'),
    ]

    operations = [
        AddIndexWhileServing(
            model_name='reservation',
            index=models.Index(condition=models.Q(('email', ''), _negated=True), fields=['email'], name='reservation_of_email'),
        ),
    ]
