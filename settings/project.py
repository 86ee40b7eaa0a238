"""The settings that Django loads: those of all the other modules."""

from settings.apps import *
from settings import zone_rules  # noqa: F401 - importing it sets the rules
from settings.accounts import *
from settings.bookings import *
from settings.cache import *
from settings.cross_origin import *
from settings.database import *
from settings.live import *
from settings.logs import *
from settings.messages import *
from settings.notices import *
from settings.privacy import *
from settings.security import *
from settings.tasks import *
