"""Updates the Dutch catalogue with the marked texts: `manage.py collect_texts`.

Needs gettext. Only people who change texts need it: the compiled catalogue is in the repository.
"""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.commands import compilemessages, makemessages

from web import translatable

_IGNORED = ("tests", "benchmarks", "docs", "deploy", "frontend", "node_modules")
_PLAIN = ["--no-location", "--sort-output"]
"""Without locations: they change with every edit, and a search finds them too."""


class Command(makemessages.Command):
    help = "Collect marked texts into web/locale, and compile what is translated."

    xgettext_options = [  # noqa: RUF012
        *makemessages.Command.xgettext_options,
        *_PLAIN,
        # The desk's name for gettext without laziness.
        "--keyword=now_said",
    ]
    msgmerge_options = [  # noqa: RUF012
        *makemessages.Command.msgmerge_options,
        *_PLAIN,
        "--no-fuzzy-matching",
    ]
    msgattrib_options = [*makemessages.Command.msgattrib_options, *_PLAIN]  # noqa: RUF012

    def handle(self, *args: Any, **options: Any) -> None:
        # Refusals are not written as gettext("…"). This file has them in that form while xgettext
        # runs.
        collected = Path(settings.LOCALE_PATHS[0]).parent / "texts_of_refusals.py"
        lines = [f"gettext({sentence!r})" for sentence in translatable.sentences()]
        collected.write_text("\n".join(lines), encoding="utf-8")
        try:
            chosen = {"locale": ["nl"], "ignore_patterns": list(_IGNORED), "no_obsolete": True}
            super().handle(*args, **{**options, **chosen})
        finally:
            collected.unlink()
        _drop_dates(Path(settings.LOCALE_PATHS[0]) / "nl" / "LC_MESSAGES" / "django.po")
        compilemessages.Command().run_from_argv(["manage.py", "compilemessages", "-l", "nl"])


def _drop_dates(catalogue: Path) -> None:
    """Removes the date of collection, which would only make the file differ."""
    lines = catalogue.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = (line for line in lines if not line.startswith(('"POT-Creation', '"Report-Msgid')))
    catalogue.write_text("".join(kept), encoding="utf-8")
