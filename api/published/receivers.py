"""What partners' receivers are sent, for the `webhooks` of the OpenAPI document."""

from typing import Any

from hooks import catalogue
from hooks.catalogue import PublicType

_SIGNED = {
    "webhook-id": "The id of the event, the same at each try.",
    "webhook-timestamp": "When this try was made, in seconds since 1970.",
    "webhook-signature": "A signature for each live secret, as Standard Webhooks has it.",
}


def operations() -> dict[str, Any]:
    """Returns what receivers are sent, by the type of event."""
    return {told.name: {"post": _webhook(told)} for told in catalogue.TYPES.values()}


def _webhook(told: PublicType) -> dict[str, Any]:
    instant = {"type": "string", "format": "date-time", "description": "When it happened."}
    properties = {
        "type": {"const": told.name, "description": "The type of event."},
        "timestamp": instant,
        "data": catalogue.schema_of(told) | {"description": told.description},
    }
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {
        "operationId": f"on {told.name}",
        "tags": ["webhooks"],
        "summary": told.name,
        "description": told.description,
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": description,
                "schema": {"type": "string"},
            }
            for name, description in _SIGNED.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {
            "2XX": {"description": "Received. Anything else is tried again."},
            "410": {"description": "Send nothing more: the endpoint is switched off."},
        },
        "security": [],
    }
