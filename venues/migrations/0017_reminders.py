"""Up to three reminders of a venue. Venues that are there already get those of their kind."""

import datetime
from typing import Any

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


USUAL: dict[str, dict[str, Any]] = {
    "hotel": {"days_before": 1, "at_time": datetime.time(18)},
    "restaurant": {"before": datetime.timedelta(hours=3)},
    "parking": {"before": datetime.timedelta(minutes=15), "counts_from": "end"},
    "practice": {"days_before": 1, "at_time": datetime.time(10)},
}


def add_usual(apps: Any, editor: Any) -> None:
    reminders = apps.get_model("venues", "Reminder").objects
    venues = apps.get_model("venues", "Venue").objects.filter(kind__in=USUAL)
    rows = venues.values_list("pk", "kind").iterator()
    reminders.bulk_create(
        (reminders.model(venue_id=pk, position=1, **USUAL[kind]) for pk, kind in rows),
        batch_size=500,
    )


class Migration(migrations.Migration):

    dependencies = [
        ('venues', '0016_letters'),
    ]

    operations = [
        migrations.CreateModel(
            name='Reminder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(editable=False)),
                ('name', models.CharField(blank=True, max_length=60)),
                ('counts_from', models.CharField(choices=[('start', 'the start'), ('end', 'the end')], default='start', max_length=5)),
                ('days_before', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(60)])),
                ('at_time', models.TimeField(blank=True, help_text='the local time on that day, with days before', null=True)),
                ('before', models.DurationField(blank=True, help_text='so long before, instead of days and a time', null=True)),
                ('channel', models.CharField(choices=[('mail', 'e-mail'), ('sms', 'text message')], default='mail', max_length=4)),
                ('venue', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reminders', to='venues.venue')),
            ],
            options={
                'ordering': ['venue', 'position'],
                'constraints': [models.UniqueConstraint(fields=('venue', 'position'), name='reminder_in_its_place'), models.CheckConstraint(condition=models.Q(('position__gte', 1), ('position__lte', 3)), name='reminder_one_of_three'), models.CheckConstraint(condition=models.Q(models.Q(('at_time__isnull', False), ('before__isnull', True), ('days_before__isnull', False)), models.Q(('at_time__isnull', True), ('before__isnull', False), ('days_before__isnull', True)), _connector='OR'), name='reminder_by_day_or_by_length'), models.CheckConstraint(condition=models.Q(('days_before__isnull', True), ('days_before__lte', 60), _connector='OR'), name='reminder_within_sixty_days'), models.CheckConstraint(condition=models.Q(('before__isnull', True), models.Q(('before__gte', datetime.timedelta(0)), ('before__lte', datetime.timedelta(days=60))), _connector='OR'), name='reminder_length_within_sixty_days')],
            },
        ),
        migrations.RunPython(add_usual, migrations.RunPython.noop),
    ]
