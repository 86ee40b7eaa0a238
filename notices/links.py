"""Addresses of pages, for letters that no request leads to."""

from django.conf import settings


def absolute(path: str) -> str:
    """Returns the full address of a path of this product, such as `/reservations/ABC/`."""
    return f"{settings.PUBLIC_URL}{path}"
