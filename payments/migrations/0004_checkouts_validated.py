"""Validates what 0003 added without reading the table."""

from typing import Any

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Validate(ValidateConstraint):
    """SQLite has nothing to validate."""

    def database_forwards(self, app_label: str, editor: Any, before: Any, after: Any) -> None:
        if editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, editor, before, after)


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0003_checkouts"),
    ]

    operations = [
        Validate(model_name="payment", name="payment_above_zero_or_by_card"),
    ]
