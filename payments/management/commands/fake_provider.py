"""Serves a stand-in for Stripe, for trying out: manage.py fake_provider."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from payments.providers.fake_stripe import sessions
from payments.providers.fake_stripe.server import KEY, SECRET, FakeStripe, serving


class Command(BaseCommand):
    help = "Serves a stand-in for Stripe. No money moves. Ctrl-C ends it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=12111)
        parser.add_argument(
            "--webhooks",
            default="",
            help="where events are sent, such as "
            "http://127.0.0.1:8000/api/v1/payments/stripe/events; left out: nowhere",
        )
        parser.add_argument("--late-seconds", type=float, default=60, help="how late `pay late` is")

    def handle(self, *args: Any, **options: Any) -> None:
        fake = FakeStripe(late_seconds=options["late_seconds"])
        fake.webhooks.url = options["webhooks"]
        with serving(fake, options["host"], options["port"]):
            values = (
                f'{{"stripe": {{"class": "payments.providers.stripe.Stripe", "key": "{KEY}", '
                f'"webhook_secret": "{SECRET}", "api_base": "{fake.url}", '
                f'"origins": ["{fake.url}"]}}}}'
            )
            self.stdout.write(f"Serving at {fake.url}. To use it:\nPAYMENTS='{values}'")
            try:
                while True:
                    time.sleep(1)
                    with fake.account.lock:
                        sessions.lapse(fake.account)
                    fake.webhooks.deliver()
            except KeyboardInterrupt:
                self.stdout.write("Ended.")
