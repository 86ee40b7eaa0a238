"""Puts the desk's site in the place of Django's own admin site."""

from django.contrib.admin.apps import AdminConfig


class DeskAdmin(AdminConfig):
    default_site = "reservations.desk.site.DeskSite"
