"""The index by which the sweep finds whose evening word is due."""

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class AddIndex(AddIndexConcurrently):
    """Beside running bookings on PostgreSQL; SQLite has one writer and builds it as usual."""

    def database_forwards(self, app_label: str, editor: Any, before: Any, after: Any) -> None:
        if editor.connection.vendor != "postgresql":
            migrations.AddIndex.database_forwards(self, app_label, editor, before, after)
            return
        # A build that was broken off leaves an index that is not used.
        editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {editor.quote_name(self.index.name)}")
        super().database_forwards(app_label, editor, before, after)

    def database_backwards(self, app_label: str, editor: Any, before: Any, after: Any) -> None:
        if editor.connection.vendor != "postgresql":
            migrations.AddIndex.database_backwards(self, app_label, editor, before, after)
            return
        super().database_backwards(app_label, editor, before, after)


class Migration(migrations.Migration):
    # PostgreSQL builds no index concurrently inside a transaction.
    atomic = False

    dependencies = [
        ("guests", "0010_notices"),
    ]

    operations = [
        AddIndex(
            model_name="user",
            index=models.Index(condition=Q(evening_at__isnull=False), fields=["evening_next_at"], name="user_evening_word"),
        ),
    ]
