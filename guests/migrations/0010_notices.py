"""What a person wants to be told, and when."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("guests", "0009_search_text"),
    ]

    operations = [
        migrations.AddField("user", "language", models.CharField(blank=True, db_default="", max_length=8)),
        migrations.AddField("user", "time_zone", models.CharField(blank=True, db_default="", max_length=64)),
        migrations.AddField("user", "reminders", models.BooleanField(db_default=True, default=True)),
        migrations.AddField("user", "monthly_report", models.BooleanField(db_default=True, default=True)),
        migrations.AddField("user", "evening_at", models.TimeField(blank=True, null=True)),
        migrations.AddField("user", "evening_channel", models.CharField(db_default="mail", default="mail", max_length=8)),
        migrations.AddField("user", "chat_url", models.CharField(blank=True, db_default="", max_length=400)),
        migrations.AddField("user", "evening_next_at", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddField("user", "evening_since", models.DateTimeField(blank=True, editable=False, null=True)),
    ]
