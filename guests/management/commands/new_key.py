"""`manage.py new_key`: creates a partner's key, and its digest for PARTNER_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand

from guests import keys


class Command(BaseCommand):
    help = "Print a fresh API key and its digest for PARTNER_KEYS. Nothing is stored."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        secret = keys.new_secret()
        self.stdout.write(f"key     {secret}")
        self.stdout.write(f"digest  {keys.digest(secret)}")
