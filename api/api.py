"""The API itself: what every operation has in common, and the routers that make it up."""

from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest
from ninja.openapi.docs import Swagger
from ninja.renderers import BaseRenderer

from api import errors
from api.auth import ANYBODY_KNOWN
from api.bodies import Json
from api.openapi import DocumentedAPI
from api.routes import (
    appointments,
    availability,
    explain,
    floor_plan,
    groups,
    lots,
    occupancy,
    parking,
    people,
    providers,
    quotes,
    reservations,
    venue_admin,
)


class FastJson(BaseRenderer):
    """Writes instants in UTC with Z."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return orjson.dumps(data, option=orjson.OPT_UTC_Z, default=str)


api = DocumentedAPI(
    title="Holdfast",
    version=settings.VERSION,
    description=(
        "Reservations that are never sold twice: nights, tables, parking spots, appointments. "
        "Errors are RFC 9457 problem documents with a stable `code`. Ids are opaque strings; "
        "those of spots, lots, parking and appointments, clients and providers are given out as "
        "numbers or names, and taken back as either."
    ),
    urls_namespace="api",
    auth=ANYBODY_KNOWN,
    parser=Json(),
    renderer=FastJson(),
    # Without it the page sends the document's address to a service elsewhere.
    docs=Swagger({"validatorUrl": None}),
)
# Tried in this order, what is asked most first.
# Groups before the addresses of single reservations, which would take "groups" for an id.
api.add_router("/reservations", groups.router)
api.add_router("/reservations", reservations.router)
# Reading and keeping, which share their addresses.
api.add_router("/venues", venue_admin.router)
for about_time in (availability, occupancy, floor_plan, explain, quotes):
    api.add_router("/venues", about_time.router)
api.add_router("", people.router)
api.add_router("/parking", parking.router)
api.add_router("/parking", lots.router)
api.add_router("", providers.router)
api.add_router("", appointments.router)
errors.install(api)
