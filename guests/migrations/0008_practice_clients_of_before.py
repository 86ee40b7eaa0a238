"""Gives the clients of 0.1.0 to the practices that entered or served them.

0.1.0 did not store who entered a client. Where there is one practice, it did. Else those that
served them did, each with what its last reservation says.
"""

from typing import Any

from django.db import migrations


def link(apps: Any, editor: Any) -> None:
    model = apps.get_model
    practices = list(model("venues", "Venue").objects.filter(kind="practice").values_list("pk", flat=True))
    rows = model("reservations", "Reservation").objects.filter(venue__in=practices)
    made = []
    for client in model("guests", "Client").objects.select_related("user").order_by("pk").iterator():
        user = client.user
        if len(practices) == 1:
            found = {practices[0]: user}
        else:
            found = {row.venue_id: row for row in rows.filter(guest=user).order_by("pk")}
        made += [
            model("guests", "PracticeClient")(
                venue_id=venue,
                user=user,
                first_name=known.first_name,
                last_name=known.last_name,
                email=known.email or user.email,
                phone=known.phone or client.phone,
            )
            for venue, known in found.items()
        ]
    # A practice that knows one number twice keeps the first.
    model("guests", "PracticeClient").objects.bulk_create(made, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [
        ("guests", "0007_practice_clients"),
        ("reservations", "0007_staying"),
    ]

    operations = [migrations.RunPython(link, migrations.RunPython.noop)]
