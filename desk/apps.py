"""Replaces Django's admin site with the desk's own."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class DeskAdmin(AdminConfig):
    default_site = "desk.site.DeskSite"


class DeskConfig(AppConfig):
    name = "desk"
