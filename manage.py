"""Runs a management command with the project's settings."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import DatabaseError, InterfaceError

from config import database_fault

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.project")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"holdfast: {error}")
    except (DatabaseError, InterfaceError) as error:
        line = database_fault.line(error, settings.DATABASES["default"])
        if line is None:
            raise
        sys.exit(f"holdfast: {line}")
