"""Celery tasks for payments by card, and documents. config/celery.py has the schedule."""

from celery import shared_task

from payments import provider_events, sweeps
from payments.documents import name_terms
from payments.refunds import card_refunds


@shared_task
def settle_open() -> None:
    """Asks providers for what is not settled."""
    sweeps.settle_open()


@shared_task
def handle_events() -> None:
    """Handles what providers have just reported."""
    provider_events.handle_waiting()


@shared_task
def send_refunds() -> None:
    """Has providers give back what cancelling promised."""
    card_refunds.settle_waiting()
    card_refunds.send_waiting()


@shared_task
def blank_old_documents() -> None:
    name_terms.blank_ended()
