"""Writes messages to files beside the letters, where an installation is embedded."""

from pathlib import Path

from django.conf import settings

from notices.models import Delivery
from reservations import clock


def write(delivery: Delivery, *, to: str, text: str) -> None:
    """Writes one message to a file of its own. A second try replaces the first.

    It names what the message is about, so that erasing a person finds it.
    """
    folder = Path(settings.EMAIL_FILE_PATH)
    folder.mkdir(parents=True, exist_ok=True)
    about = delivery.user.email if delivery.user else ""
    about = delivery.reservation.code if delivery.reservation else about
    said = f"To: {to}\nAbout: {about}\nDate: {clock.now():%Y-%m-%d %H:%M:%S} UTC\n\n{text}\n"
    (folder / name_of(delivery.channel, delivery.pk)).write_text(said, encoding="utf-8")


def name_of(channel: str, delivery: int) -> str:
    """Returns the name of the file of a delivery, by its id."""
    return f"{channel}-{delivery}.txt"


def delete(name: str) -> None:
    """Deletes a file, if it is there."""
    (Path(settings.EMAIL_FILE_PATH) / name).unlink(missing_ok=True)
