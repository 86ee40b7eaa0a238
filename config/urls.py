"""All addresses of the product."""

from django.contrib import admin
from django.urls import include, path
from django.views.i18n import set_language

from api.api import api
from config.monitoring import health
from web.venues import views

handler500 = "web.unavailable.no_answer"

# Django tries them in this order. The API is the busiest.
urlpatterns = [
    path("api/v1/", api.urls),
    path("", include("web.urls")),
    path("favicon.ico", views.favicon),
    path("language/", set_language, name="set_language"),
    path("admin/", admin.site.urls),
    path("accounts/", include("web.account.entrance_urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
