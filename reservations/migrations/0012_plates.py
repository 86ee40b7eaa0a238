from django.db import migrations, models

from venues.online_indexes import AddIndexWhileServing


def fold_plates(apps, schema_editor):
    """The plates that there are, a thousand rows at a time."""
    Reservation = apps.get_model('reservations', 'Reservation')
    last = 0
    while True:
        rows = Reservation.objects.filter(pk__gt=last).exclude(vehicle_plate='').order_by('pk')
        batch = list(rows.only('pk', 'vehicle_plate')[:1000])
        if not batch:
            return
        for row in batch:
            row.plate_key = ''.join(one for one in row.vehicle_plate.upper() if one.isalnum()) or None
        Reservation.objects.bulk_update(batch, ['plate_key'])
        last = batch[-1].pk


class Migration(migrations.Migration):
    # PostgreSQL builds no index concurrently inside a transaction.
    atomic = False

    dependencies = [
        ('reservations', '0011_search_text'),
    ]

    operations = [
        migrations.AddField(
            model_name='reservation',
            name='plate_key',
            field=models.CharField(blank=True, editable=False, max_length=48, null=True),
        ),
        migrations.RunPython(fold_plates, migrations.RunPython.noop),
        AddIndexWhileServing(
            model_name='reservation',
            index=models.Index(condition=models.Q(('plate_key__isnull', False)), fields=['plate_key', 'ends_at'], name='reservation_of_plate'),
        ),
    ]
