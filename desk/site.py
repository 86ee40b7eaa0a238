"""The desk's admin site: a log-in leads to the page of today, and every page links
the daily ones.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from desk import context
from desk.calls import views as call_pages
from desk.charts import views as chart_pages
from desk.exports import views as export_pages
from desk.groups import views as groups
from desk.letters import views as letter_pages
from desk.lots import views as lot_pages
from desk.money import invoices as invoice_pages
from desk.money import links as payment_links
from desk.money import refunds as refund_pages
from desk.money import takings as taking_pages
from desk.privacy import access_page, erase_page
from desk.reservations import walk_in
from desk.sent import folder as mail_folder
from desk.sent import views as sent_pages
from desk.timeline import views as timeline_pages
from desk.today import views
from guests.errors import CredentialsInvalid, TooMany

DAILY = (
    ("today", _("Today")),
    ("timeline", _("Timeline")),
    ("walk_in", _("Walk-in")),
    ("charts", _("Charts")),
    ("sent", _("Sent")),
    ("lots", _("Lots")),
)
"""The pages for daily work, in the order of the links at the top of each page."""


class DeskLogInForm(AdminAuthenticationForm):
    """`refusal` is the limit that was reached, if one was; the words are those of the API."""

    refusal: TooMany | None = None

    def clean(self) -> dict[str, Any]:
        try:
            return super().clean()
        except TooMany as refusal:
            self.refusal = refusal
            raise forms.ValidationError(refusal.detail) from None

    def get_invalid_login_error(self) -> forms.ValidationError:
        return forms.ValidationError(CredentialsInvalid().detail, code="invalid_login")


class DeskSite(AdminSite):
    """Django's admin site with the pages of the desk."""

    site_header = site_title = "Holdfast"
    index_title = _("Everything")
    login_form = DeskLogInForm

    def get_urls(self) -> list[URLPattern | URLResolver]:
        pages: dict[str, tuple[Callable[..., HttpResponse], str]] = {
            "today/": (views.today, "today"),
            "timeline/": (timeline_pages.timeline, "timeline"),
            "walk-in/": (walk_in.walk_in, "walk_in"),
            "groups/new/": (groups.make, "new_group"),
            "groups/<uuid:group_id>/": (groups.show, "group"),
            "groups/<uuid:group_id>/cancel/": (groups.ask_to_cancel, "cancel_group"),
            "groups/<uuid:group_id>/invoice/": (invoice_pages.issue_for_group, "group_invoice"),
            "documents/<slug:number>/": (invoice_pages.show, "document"),
            "documents/<slug:number>/credit/": (invoice_pages.credit, "credit_invoice"),
            "exports/": (export_pages.exports, "exports"),
            "calls/": (call_pages.call_list, "calls"),
            "charts/": (chart_pages.charts, "charts"),
            "payment-links/<int:reservation_id>/": (payment_links.send, "send_payment_link"),
            "refunds/": (refund_pages.refunds, "refunds"),
            "refunds/<int:refund_id>/pay-out/": (refund_pages.pay_out, "pay_refund_out"),
            "refunds/<int:refund_id>/again/": (refund_pages.try_again, "try_refund_again"),
            "takings/": (taking_pages.takings, "takings"),
            "takings/journal.csv": (taking_pages.journal_file, "journal"),
            "lots/": (lot_pages.every_lot, "lots"),
            "lots/new/": (lot_pages.open_lot, "open_lot"),
            "lots/<slug:slug>/": (lot_pages.lot, "lot"),
            "lots/<slug:slug>/change/": (lot_pages.change_lot, "change_lot"),
            "lots/<slug:slug>/delete/": (lot_pages.close_lot, "close_lot"),
            "lots/<slug:slug>/spots/<int:spot_id>/": (lot_pages.spot, "spot"),
            "letters/<slug:slug>/": (letter_pages.every_letter, "letters"),
            "letters/<slug:slug>/<slug:kind>/<slug:language>/": (letter_pages.one_letter, "letter"),
            "sent/": (sent_pages.of_venue, "sent"),
            "sent/folder/": (mail_folder.folder, "mail_folder"),
            "sent/folder/<str:name>/": (mail_folder.letter, "mail_letter"),
            "sent/folder/<str:name>/html/": (mail_folder.letter_html, "mail_letter_html"),
            "sent/folder/<str:name>/file/": (mail_folder.letter_file, "mail_letter_file"),
            "sent/<int:delivery_id>/again/": (sent_pages.again, "send_again"),
            "sent/of/<int:reservation_id>/": (sent_pages.of_reservation, "sent_of_reservation"),
            "privacy/log/": (access_page.log, "access_log"),
            "privacy/log.csv": (access_page.log_file, "access_log_file"),
            "privacy/erase/": (erase_page.erase, "erase_person"),
            "venue/": (context.choose, "choose_venue"),
        }
        daily = [
            path(address, self.admin_view(view), name=name)
            for address, (view, name) in pages.items()
        ]
        return [*daily, *super().get_urls()]

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Leads to the page of today, unless another page was asked for. The index
        does not count.
        """
        asked = request.GET.get("next", "")
        if request.method == "GET" and asked in ("", reverse("admin:index")):
            if self.has_permission(request):
                return redirect("admin:today")
            return redirect(f"{request.path}?{urlencode({'next': reverse('admin:today')})}")
        return _with_status(super().login(request, extra_context))

    def password_change(  # type: ignore[override]  # Django answers a form here
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page where everybody changes their password: it counts failures and ends tokens."""
        return redirect("account_change_password")

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Adds the links to the daily pages."""
        here = request.path
        daily = [
            {"title": title, "address": address, "is_here": here.startswith(address)}
            for name, title in DAILY
            if (address := reverse(f"admin:{name}"))
        ]
        is_privacy = here.startswith(reverse("admin:access_log").removesuffix("log/"))
        told = {"daily": daily, "privacy_is_here": is_privacy}
        return {**super().each_context(request), **told}


def _with_status(answer: HttpResponse) -> HttpResponse:
    """429 with the time to wait, where the form shows that a limit was reached."""
    form = (getattr(answer, "context_data", None) or {}).get("form")
    if isinstance(form, DeskLogInForm) and form.refusal is not None:
        answer.status_code = 429
        answer["Retry-After"] = str(form.refusal.retry_after)
    return answer
