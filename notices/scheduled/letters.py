"""A letter that nobody asked for just now: text and HTML, with a way to stop it in its foot."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.translation import gettext

from guests.models import User
from notices import opt_outs
from notices.letters.reservation_facts import LetterRow
from notices.mail.composers import Letter
from venues.models import Venue


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of two, and what they are."""

    caption: str
    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a letter says, as plain text. `why` says why the person gets it."""

    subject: str
    lines: Sequence[str]
    link: str
    link_text: str
    why: str
    table: Table | None = None


def letter(
    kind: str,
    to: str,
    content: Content,
    *,
    user: User | None,
    venue: Venue | None = None,
    code: str = "",
) -> Letter:
    """Returns the letter in the active language. A venue is its sender, and gets the answers.

    `user` is whom it is for, None without an account.
    """
    stop = opt_outs.link(kind, to, user)
    table = content.table
    context = {
        "title": content.subject,
        "paragraphs": [*content.lines, *([f"{table.caption}:"] if table else [])],
        "rows": [LetterRow(*each) for each in (table.rows if table else ())],
        "actions": [LetterRow(content.link_text, content.link)],
        "foot": content.why,
        "stop": stop,
    }
    return Letter(
        subject=content.subject,
        text=_text(content, stop),
        html=render_to_string("notices/letter.html", context),
        sender_name=venue.name if venue else "",
        reply_to=venue.email if venue else "",
        code=code,
        headers=opt_outs.headers(kind, to, user),
    )


def _text(content: Content, stop: str) -> str:
    parts = ["\n".join(content.lines)]
    if table := content.table:
        parts.append("\n".join([f"{table.caption}:", *(f"  {a}: {b}" for a, b in table.rows)]))
    parts.append(f"{content.link_text}: {content.link}")
    parts.append(f"{content.why} {gettext('Stop these letters')}: {stop}")
    return "\n\n".join(parts) + "\n"
