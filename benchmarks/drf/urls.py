"""The address of the comparison, which is that of the product."""

from django.urls import path

from benchmarks.drf.views import CreateReservation

urlpatterns = [path("api/v1/reservations", CreateReservation.as_view())]
