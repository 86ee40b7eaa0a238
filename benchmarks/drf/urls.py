"""The comparison answers at the product's own address."""

from django.urls import path

from benchmarks.drf.views import CreateReservation

urlpatterns = [path("api/v1/reservations", CreateReservation.as_view())]
