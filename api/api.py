"""The Ninja API: the settings that all operations share, and the routers it is made of."""

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
    amounts,
    availability,
    corrections,
    explain,
    exports,
    floor_plan,
    front_desk,
    groups,
    lots,
    my_notices,
    occupancy,
    parking,
    payments,
    people,
    provider_events,
    quotes,
    reservations,
    venue_admin,
)
from api.routes.billing import issued_documents
from api.routes.practices import appointments, provider_schedules
from api.routes.webhooks import endpoints, events
from api.strict import unknown_fields


class FastJson(BaseRenderer):
    """Writes JSON responses. Instants are in UTC with `Z`."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        """Returns the JSON bytes of `data`. Types that orjson does not know become their `str`."""
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
    # Without this, the documentation page sends the address of the document to an outside service.
    docs=Swagger({"validatorUrl": None}),
)
# Django tries the addresses in this order, so the busiest come first. Groups stand before single
# reservations, because `/reservations/{id}` would read "groups" as an id.
api.add_router("/reservations", groups.router)
api.add_router("/reservations", reservations.router)
api.add_router("/reservations", amounts.router)
api.add_router("/reservations", corrections.router)
api.add_router("/reservations", payments.router)
api.add_router("/reservations", issued_documents.of_reservation)
# This router also has the reading operations of venues: they share addresses.
api.add_router("/venues", venue_admin.router)
for about_time in (availability, occupancy, floor_plan, explain, quotes):
    api.add_router("/venues", about_time.router)
api.add_router("/venues", front_desk.router)
api.add_router("/venues", exports.of_venues)
api.add_router("", people.router)
api.add_router("", my_notices.router)
api.add_router("", exports.router)
api.add_router("", groups.of_group)
api.add_router("", payments.of_groups)
api.add_router("", issued_documents.of_group)
api.add_router("", issued_documents.router)
api.add_router("/parking", parking.router)
api.add_router("/parking", lots.router)
# This router also has the operations of `providers`.
api.add_router("", provider_schedules.router)
api.add_router("", appointments.router)
api.add_router("", provider_events.router)
api.add_router("", endpoints.router)
api.add_router("", events.router)
api.add_decorator(unknown_fields.refuse, mode="view")
errors.install(api)
