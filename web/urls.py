"""The addresses of the guests' pages. Templates name them with `web:`."""

from django.urls import path

from web import booking, examples
from web.account import urls as account
from web.floor_plan import views as lots
from web.reservations import change, find
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
    path(
        "reservations/<slug:code>/calendar.ics",
        reservation_pages.calendar_file,
        name="calendar_file",
    ),
    path("examples/smart-parking/", examples.smart_parking, name="smart_parking"),
    *account.urlpatterns,
]
