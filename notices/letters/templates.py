"""The words of a letter: those that the venue wrote for its kind and language, else ours."""

from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from notices.letters import placeholders, shipped
from notices.models import Template
from reservations import clock


class LetterWords(NamedTuple):
    """Subject and text with placeholders."""

    subject: str
    text: str
    is_own: bool
    """True where the venue wrote them."""


class BadTemplate(Exception):  # noqa: N818 - a refusal is not a fault
    """`faults` has a sentence for each field that cannot be saved: `subject`, `text`."""

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__(str(faults))
        self.faults = faults


def words_of(venue_id: int, kind: str, language: str) -> LetterWords:
    """Returns the words of a kind of letter of a venue in a language. One query."""
    own = Template.objects.filter(venue=venue_id, kind=kind, language=language).first()
    return LetterWords(own.subject, own.text, is_own=True) if own else shipped_words(kind, language)


def shipped_words(kind: str, language: str) -> LetterWords:
    """Returns our own words of a kind of letter in a language."""
    with override(language):
        words = shipped.SHIPPED[kind]
        return LetterWords(str(words.subject), str(words.text), is_own=False)


def save(*, venue_id: int, kind: str, language: str, subject: str, text: str) -> None:
    """Saves a venue's own words. Raises BadTemplate, which names each unknown placeholder."""
    subject, text = " ".join(subject.split()), text.replace("\r\n", "\n").strip()
    judge(subject, text)
    with transaction.atomic():
        Template.objects.update_or_create(
            venue_id=venue_id,
            kind=kind,
            language=language,
            defaults={"subject": subject, "text": text, "changed_at": clock.now()},
        )


def reset(*, venue_id: int, kind: str, language: str) -> None:
    """Goes back to our own words. Repeating it changes nothing."""
    Template.objects.filter(venue=venue_id, kind=kind, language=language).delete()


def judge(subject: str, text: str) -> None:
    """Raises BadTemplate for words that cannot be saved."""
    faults = {}
    for name, said in (("subject", subject), ("text", text)):
        column = Template._meta.get_field(name)
        longest = getattr(column, "max_length", None) or 0
        if not said.strip():
            faults[name] = _("Write something, or go back to the words that are shipped.")
        elif len(said) > longest:
            faults[name] = _("At most %(most)s characters.") % {"most": longest}
        elif bad := placeholders.unknown(said):
            named = ", ".join(f"{{{{ {one} }}}}" if one != "{{" else one for one in bad)
            faults[name] = _("There is no placeholder %(names)s.") % {"names": named}
    if faults:
        raise BadTemplate(faults)
