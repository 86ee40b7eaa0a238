"""A role of each member of staff at each venue; those of 0.1.0 become managers.

The table in which staff were kept gets a column, so processes of 0.1.0 and of this release read
and write the same rows while an upgrade is under way.
"""

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models


class AddConstraint(AddConstraintNotValid):
    """Without reading the table on PostgreSQL; SQLite makes the table anew."""

    def database_forwards(self, app_label: str, editor: Any, before: Any, after: Any) -> None:
        own = super() if editor.connection.vendor == "postgresql" else super(AddConstraintNotValid, self)
        own.database_forwards(app_label, editor, before, after)


class Validate(ValidateConstraint):
    """SQLite has nothing to validate."""

    def database_forwards(self, app_label: str, editor: Any, before: Any, after: Any) -> None:
        if editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, editor, before, after)


class Migration(migrations.Migration):
    dependencies = [
        ("guests", "0005_tally"),
        ("venues", "0001_initial"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="VenueRole",
                    fields=[
                        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                        ("user", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="venue_roles", to=settings.AUTH_USER_MODEL)),
                        ("venue", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="roles", to="venues.venue")),
                    ],
                    options={
                        "db_table": "guests_user_staff_venues",
                        "unique_together": {("user", "venue")},
                    },
                ),
                migrations.AlterField(
                    model_name="user",
                    name="staff_venues",
                    field=models.ManyToManyField(blank=True, related_name="staff", through="guests.VenueRole", to="venues.venue"),
                ),
            ],
        ),
        migrations.AddField(
            model_name="venuerole",
            name="role",
            field=models.CharField(choices=[("clerk", "Clerk"), ("manager", "Manager")], db_default="manager", max_length=8),
        ),
        AddConstraint(
            model_name="venuerole",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["clerk", "manager"])), name="venue_role_is_known"
            ),
        ),
        Validate(model_name="venuerole", name="venue_role_is_known"),
    ]
