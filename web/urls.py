"""The addresses of the pages that guests use; `web:` names them in templates."""

from django.urls import path

from web import views
from web.account import urls as account

app_name = "web"

urlpatterns = [
    path("", views.home, name="home"),
    path("reservations/find/", views.home, name="find"),
    *account.urlpatterns,
]
