"""The addresses of the guests' pages. Templates name them with `web:`."""

from django.urls import path

from web import booking, examples
from web.account import urls as account
from web.floor_plan import views as lots
from web.letters.mail_events import mail_events
from web.letters.unsubscribe import unsubscribe
from web.payments.fake_provider import fake_provider
from web.payments.returns import back
from web.reservations import change, find, invoices
from web.reservations import views as reservation_pages
from web.venues import views

app_name = "web"

urlpatterns = [
    path("", views.home, name="home"),
    path("venues/<slug:slug>/", views.venue, name="venue"),
    path("venues/<slug:slug>/book/", booking.book, name="book"),
    path("venues/<slug:slug>/plan/", lots.plan, name="plan"),
    path("reservations/find/", find.find, name="find"),
    path("reservations/<slug:code>/", reservation_pages.reservation, name="reservation"),
    path("reservations/<slug:code>/confirm/", reservation_pages.confirm, name="confirm"),
    path("reservations/<slug:code>/change/", change.change, name="change"),
    path("reservations/<slug:code>/cancel/", reservation_pages.cancel, name="cancel"),
    path("reservations/<slug:code>/pay/", reservation_pages.pay, name="pay"),
    path("reservations/<slug:code>/arrive/", reservation_pages.arrive, name="arrive"),
    path("reservations/<slug:code>/leave/", reservation_pages.leave, name="leave"),
    path(
        "reservations/<slug:code>/calendar.ics",
        reservation_pages.calendar_file,
        name="calendar_file",
    ),
    path("payments/<slug:key>/back/", back, name="paid"),
    path("fake-provider/<slug:ref>/", fake_provider, name="fake_provider"),
    path("reservations/<slug:code>/invoice/", invoices.ask, name="invoice"),
    path("documents/<slug:number>/", invoices.document, name="document"),
    path("documents/<slug:number>.pdf", invoices.document_pdf, name="document_pdf"),
    path("letters/events/<path:events>", mail_events, name="mail_events"),
    path("letters/<str:token>/stop/", unsubscribe, name="unsubscribe"),
    path("examples/smart-parking/", examples.smart_parking, name="smart_parking"),
    *account.urlpatterns,
]
