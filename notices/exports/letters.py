"""The letter that says that a file is ready. It holds a link, which asks for the log-in."""

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from notices import links
from notices.channels import Result
from notices.exports import jobs
from notices.mail.composers import Letter
from notices.models import Delivery, Export
from notices.models.delivery import Outcome

PAGE = "/me/exports/"
"""Where a person finds their files."""


def compose(delivery: Delivery) -> Letter | Result:
    """Returns the letter, or the result where the file is gone."""
    export = Export.objects.filter(pk=delivery.data["export"]).first()
    if export is None or not jobs.is_ready(export):
        return Result(outcome=Outcome.DROPPED, detail="the file is gone")
    with override(delivery.language or settings.LANGUAGE_CODE):
        return _letter(export)


def _letter(export: Export) -> Letter:
    days = settings.EXPORT_KEPT.days
    paragraphs = [
        ngettext(
            "It has %(count)s reservation. You can download it for %(days)s days.",
            "It has %(count)s reservations. You can download it for %(days)s days.",
            export.rows,
        )
        % {"count": export.rows, "days": days},
        _("Nobody else can open it. If you did not ask for it, change your password."),
    ]
    page, foot = links.absolute(PAGE), _("You get this because you asked for a file.")
    context = {
        "title": _("Your file is ready"),
        "paragraphs": paragraphs,
        "actions": [{"label": _("My files"), "value": page}],
        "foot": foot,
    }
    text = "\n\n".join([paragraphs[0], page, paragraphs[1], f"-- \n{foot}"])
    return Letter(
        subject=_("Your file is ready"),
        text=f"{text}\n",
        html=render_to_string("notices/letter.html", context),
    )
