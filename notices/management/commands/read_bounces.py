"""Reads letters that came back: `manage.py read_bounces [PATH]`."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from notices import returned_letters


class Command(BaseCommand):
    help = (
        "Leaves addresses alone that refused a letter for good. Reads a Maildir, an mbox, one "
        "letter (- is standard input), or without a path the mailbox BOUNCES_URL."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", nargs="?", help="a Maildir, an mbox, a letter, or -")

    def handle(self, *args: Any, path: str | None = None, **options: Any) -> None:
        if path == "-":
            count = returned_letters.read([sys.stdin.buffer.read()])
        elif path:
            if not Path(path).exists():
                raise CommandError(f"There is no {path}.")
            count = returned_letters.read(returned_letters.in_files(Path(path)))
        elif settings.BOUNCES_URL:
            count = returned_letters.read(returned_letters.in_mailbox(settings.BOUNCES_URL))
        else:
            raise CommandError("Name a path, or set BOUNCES_URL.")
        self.stdout.write(f"{count} addresses refused for good.")
