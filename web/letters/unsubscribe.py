"""The page that ends letters: by a button, or by the one-click POST of a mail program."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notices import opt_outs
from notices.opt_outs import BadLink

_WORDS = {
    opt_outs.REMINDER: gettext_lazy("reminders of reservations"),
    opt_outs.EVENING: gettext_lazy("the evening word about parking"),
    opt_outs.REPORT: gettext_lazy("the monthly report about parking"),
}


# A mail program has neither cookie nor form. The token says all that a form could prove.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Asks, and ends the letters on POST. A GET ends none: programs open links to look at them."""
    try:
        letters = opt_outs.read(token)
    except BadLink:
        return render(request, "web/letters/bad_link.html", status=404)
    if request.method == "POST" and "again" in request.POST:
        opt_outs.resume(letters)
    elif request.method == "POST":
        opt_outs.end(letters)
    context = {"words": _WORDS[letters.kind], "is_ended": opt_outs.is_ended(letters)}
    return render(request, "web/letters/unsubscribe.html", context)
