from django.db import migrations, models
from django.utils import timezone

from venues import time_zones

BATCH = 1_000


def told(row, zone):
    """The row's range in local times, as `rules.local_promises` writes it."""
    ends = (at.astimezone(zone).replace(tzinfo=None) for at in (row.starts_at, row.ends_at))
    return "/".join(end.isoformat() for end in ends) + f"[{zone.key}]"


def keep_local_times(apps, schema_editor):
    """Keeps the local times of what is to come, by the rules by which it was promised."""
    reservations = apps.get_model("reservations", "Reservation")
    allocations = apps.get_model("reservations", "Allocation")
    zones = dict(apps.get_model("venues", "Venue").objects.values_list("pk", "time_zone"))
    units = apps.get_model("venues", "Resource").objects.exclude(time_zone="")
    own = dict(units.values_list("pk", "time_zone"))
    to_come = allocations.objects.filter(ends_at__gt=timezone.now(), is_live=True)
    of_unit = dict(
        to_come.filter(resource__in=own).values_list("reservation_id", "resource_id")
    )
    rows = reservations.objects.filter(ends_at__gt=timezone.now(), cancelled_at=None)
    closures = to_come.filter(reservation=None)
    for some in (rows, closures):
        changed = []
        for row in some.only("pk", "venue_id", "starts_at", "ends_at").iterator(BATCH):
            unit = of_unit.get(row.pk) if some is rows else None
            zone = time_zones.named(own.get(unit, zones[row.venue_id]))
            row.promised_local = told(row, zone)
            changed.append(row)
        some.model.objects.bulk_update(changed, ["promised_local"], batch_size=BATCH)


class Migration(migrations.Migration):
    dependencies = [("reservations", "0018_one_a_day"), ("venues", "0011_last_arrival")]

    operations = [
        migrations.AddField(
            model_name=name,
            name="promised_local",
            field=models.CharField(editable=False, max_length=110, null=True),
        )
        for name in ("reservation", "allocation")
    ] + [migrations.RunPython(keep_local_times, migrations.RunPython.noop)]
