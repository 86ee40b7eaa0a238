from typing import Any

from django.db import migrations
from django.db.models import OuterRef, Subquery


def fill(apps: Any, editor: Any) -> None:
    units = apps.get_model("venues", "Resource").objects.filter(pk=OuterRef("pk"))
    apps.get_model("venues", "Provider").objects.update(venue=Subquery(units.values("venue")[:1]))


class Migration(migrations.Migration):
    dependencies = [("venues", "0008_provider_venue")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
