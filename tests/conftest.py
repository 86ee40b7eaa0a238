"""What every test stands on."""

# Ninja schemas that are first defined while freezegun has the clock fail, so all of them are
# defined now.
import config.urls  # noqa: F401
