"""The table of the words that venues wrote for their own letters."""

from typing import ClassVar

from django.db import models

from notices.letters.kinds import KINDS
from venues.models import Venue


class Template(models.Model):
    """Subject and text of one kind of letter of a venue, in one language. Without a row, ours."""

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="letter_templates")
    kind = models.CharField(max_length=40, choices=[(kind, kind) for kind in KINDS])
    language = models.CharField(max_length=8)
    subject = models.CharField(max_length=150)
    # Plain text with placeholders. The HTML part is made from it.
    text = models.TextField(max_length=4000)
    changed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            # letters.templates relies on it: a letter has one text.
            models.UniqueConstraint(fields=["venue", "kind", "language"], name="template_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.venue_id} in {self.language}"
