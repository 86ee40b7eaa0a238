"""Puts the desk's site in the place of Django's own admin site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class DeskAdmin(AdminConfig):
    default_site = "desk.site.DeskSite"


class DeskConfig(AppConfig):
    name = "desk"
