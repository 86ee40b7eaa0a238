from django.db import migrations


def write_down(apps, schema_editor):
    """Writes the fees of late cancellings, which only their events had, on the reservations."""
    events = apps.get_model('reservations', 'Event').objects.filter(
        name='reservation.cancelled', reservation__isnull=False, data__fee_minor__gt=0
    )
    reservations = apps.get_model('reservations', 'Reservation').objects
    for reservation_id, data in events.values_list('reservation_id', 'data').iterator():
        reservations.filter(pk=reservation_id, fee_due_minor=0).update(
            fee_due_minor=data['fee_minor']
        )


class Migration(migrations.Migration):

    dependencies = [
        ('reservations', '0013_fee_due'),
    ]

    operations = [
        migrations.RunPython(write_down, migrations.RunPython.noop),
    ]
