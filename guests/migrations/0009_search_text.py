"""Gives every person their search text."""

from typing import Any

from django.db import migrations

import spelling.fields
from spelling.search_text import of_person

BATCH = 2_000


def fill(apps: Any, editor: Any) -> None:
    people = apps.get_model("guests", "User").objects.filter(search_text="")
    names = ("pk", "first_name", "last_name", "phone", "email")
    last = 0
    while found := list(people.filter(pk__gt=last).order_by("pk").values_list(*names)[:BATCH]):
        texts = [
            (of_person(first, second, phone=phone, email=email), pk)
            for pk, first, second, phone, email in found
        ]
        with editor.connection.cursor() as cursor:
            cursor.executemany("UPDATE guests_user SET search_text = %s WHERE id = %s", texts)
        last = found[-1][0]


class Migration(migrations.Migration):

    dependencies = [
        ("guests", "0008_practice_clients_of_before"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="search_text",
            field=spelling.fields.SearchTextField(),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
