"""Where a mail provider reports letters that came back, and complaints."""

from functools import cache
from importlib import import_module
from typing import Any

from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from anymail.signals import AnymailTrackingEvent, tracking
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import Resolver404, URLResolver
from django.urls.resolvers import RegexPattern
from django.views.decorators.csrf import csrf_exempt

from notices import bounces
from web.letters import hard_bounces


@cache
def _providers() -> URLResolver:
    # A tenth of a second to import, for deployments whose provider reports.
    return URLResolver(RegexPattern(r""), import_module("anymail.urls").urlpatterns)


@csrf_exempt
def mail_events(request: HttpRequest, events: str) -> HttpResponseBase:
    """Takes the report of a provider: 403 unsigned, 400 where it cannot be read.

    `events` is the provider and its kind of events, such as `postmark/tracking/`. 404 unless
    MAIL_EVENTS_SECRET is set.
    """
    if not settings.MAIL_EVENTS_SECRET or "inbound" in events:
        raise Http404
    try:
        view = _providers().resolve(events)
    except Resolver404 as fault:
        raise Http404 from fault
    try:
        answer: HttpResponseBase = view.func(request, *view.args, **view.kwargs)
    except (ImproperlyConfigured, ImportError) as fault:
        # Of a provider that is not set up here.
        raise Http404 from fault
    except AnymailWebhookValidationFailure:
        return HttpResponse("The report is not signed as it should be.", status=403)
    except (AnymailError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        # Each provider has a form of its own, and the library reads it without a look.
        return HttpResponse("The report cannot be read.", status=400)
    return answer


def note(event: AnymailTrackingEvent, esp_name: str, **_: Any) -> None:
    """Notes an event of a provider, if an address refused for good or a person complained."""
    if not event.recipient or not hard_bounces.is_for_good(event, esp_name):
        return
    said = event.description or event.mta_response or event.event_type
    bounces.note(event.recipient, reason=str(said), message_id=str(event.message_id or ""))


tracking.connect(note)
