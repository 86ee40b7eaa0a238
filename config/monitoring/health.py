"""Health checks: is the process up, and can it take bookings?"""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from api.errors import problem
from config.monitoring import readiness
from venues import time_zones


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answers 200 while the process is up. Does not look at what it depends on."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answers 200 if database, schema and guard are there, and cache and broker if configured.

    Otherwise 503 `not_ready`, which names what is missing.
    """
    asked = request.GET.get("parts", "").split(",")
    names = [name for name in readiness.PARTS if name in asked] or list(readiness.PARTS)
    faults = readiness.faults(names)
    parts = {name: faults.get(name, "ok") for name in names}
    if not faults:
        # Of one process only: a probe that names parts asks about these.
        is_whole = set(names) == set(readiness.PARTS)
        more: dict[str, Any] = {"zone_rules": time_zones.version()} if is_whole else {}
        if is_whole and (off := readiness.off()):
            more["off"] = off
        return JsonResponse({"status": "ready", "parts": parts, **more})
    return problem(
        request,
        status=503,
        code="not_ready",
        detail=" ".join(faults.values()),
        headers={"Retry-After": "5"},
        parts=parts,
    )
