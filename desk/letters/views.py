"""Pages for managers: the words of their venue's letters, with a preview and the way back to ours.

The venue is in the address of each page, so a form is always carried out at its own venue.
"""

from typing import Any

from csp.constants import HEADER
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin.helpers import AdminForm
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as now_said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from desk.context import caller_of, page
from desk.scoping import venues_of
from notices.letters import placeholders, samples, shipped, templates
from notices.letters.kinds import KINDS, slug_of
from notices.letters.templates import BadTemplate
from notices.mail.composers import Letter
from notices.models import Template
from reservations import clock
from reservations.rules import permissions
from reservations.rules.permissions import Act
from venues.models import Venue

_KIND_OF = {slug_of(kind): kind for kind in KINDS}
_AS_MAIL = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""A letter is shown as mail programs show it: without scripts, forms or pictures of others."""


class WordsForm(forms.Form):
    """Asks for the subject and the text of a kind of letter."""

    subject = forms.CharField(
        label=_("Subject"), required=False, widget=forms.TextInput(attrs={"size": 80})
    )
    text = forms.CharField(
        label=_("Text"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 10, "cols": 80}),
    )

    @property
    def fieldsets(self) -> list[tuple[str | None, dict[str, Any]]]:
        """The fields in their order."""
        return [(None, {"fields": list(self.fields)})]

    def clean(self) -> dict[str, Any]:
        """Refuses unknown placeholders, by name."""
        values: dict[str, Any] = super().clean() or {}
        try:
            templates.judge(values.get("subject", ""), values.get("text", ""))
        except BadTemplate as refusal:
            for name, fault in refusal.faults.items():
                self.add_error(name, fault)
        return values


@require_GET
def every_letter(request: HttpRequest, slug: str) -> HttpResponse:
    """Lists the kinds of letters of a venue, and which of them it has written itself."""
    venue = _venue(request, slug)
    own = set(Template.objects.filter(venue=venue).values_list("kind", "language"))
    rows = [
        {
            "kind": slug_of(kind),
            "name": shipped.SHIPPED[kind].name,
            "languages": [
                {"code": code, "name": name, "is_own": (kind, code) in own}
                for code, name in settings.LANGUAGES
            ],
        }
        for kind in KINDS
    ]
    title = now_said("Letters of %(venue)s") % {"venue": venue.name}
    return page(request, "letters", title=title, venue=venue, rows=rows)


@require_http_methods(["GET", "POST"])
def one_letter(request: HttpRequest, slug: str, kind: str, language: str) -> HttpResponse:
    """Shows the words of a letter. Saves them, shows a sample, or goes back to ours."""
    venue, kind = _venue(request, slug), _KIND_OF.get(kind, "")
    if not kind or language not in dict(settings.LANGUAGES):
        raise Http404("There is no such letter.")
    if request.method != "POST":
        words = templates.words_of(venue.pk, kind, language)
        form = WordsForm(initial={"subject": words.subject, "text": words.text})
        return _form_page(request, form, venue, kind, language)
    act = request.POST.get("do", "save")
    if act == "reset":
        templates.reset(venue_id=venue.pk, kind=kind, language=language)
        messages.success(request, now_said("The letter has the words that are shipped."))
        return redirect(request.path)
    form = WordsForm(request.POST)
    if not form.is_valid():
        return _form_page(request, form, venue, kind, language)
    subject, text = form.cleaned_data["subject"], form.cleaned_data["text"]
    if act in ("preview", "html"):
        sample = samples.letter(venue, kind, language, subject=subject, text=text, now=clock.now())
        if act == "html":
            return _as_mail(sample)
        return _form_page(request, form, venue, kind, language, sample=sample)
    templates.save(venue_id=venue.pk, kind=kind, language=language, subject=subject, text=text)
    messages.success(request, now_said("The words of the letter are saved."))
    return redirect(request.path)


def _venue(request: HttpRequest, slug: str) -> Venue:
    """Returns a venue of the caller. Raises Http404 for others, PermissionDenied for clerks."""
    by = caller_of(request)
    venues = venues_of(request).select_related("policy")
    venue = get_object_or_404(venues, slug=slug)
    if not permissions.may(by, Act.TEMPLATES, venue.pk):
        raise PermissionDenied
    return venue


def _form_page(
    request: HttpRequest,
    form: WordsForm,
    venue: Venue,
    kind: str,
    language: str,
    *,
    sample: Letter | None = None,
) -> HttpResponse:
    return page(
        request,
        "letter",
        title=f"{shipped.SHIPPED[kind].name} ({dict(settings.LANGUAGES)[language]})",
        venue=venue,
        form=form,
        adminform=AdminForm(form, form.fieldsets, {}),  # type: ignore[arg-type]
        placeholders=placeholders.PLACEHOLDERS.items(),
        is_own=Template.objects.filter(venue=venue, kind=kind, language=language).exists(),
        sample=sample,
    )


def _as_mail(sample: Letter) -> HttpResponse:
    answer = HttpResponse(sample.html)
    answer.headers[HEADER] = _AS_MAIL
    return answer
