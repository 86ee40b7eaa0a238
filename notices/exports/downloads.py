"""Sends the file of an export. Whoever calls has checked whose it is."""

from django.http import StreamingHttpResponse

from notices.exports import files, jobs
from notices.models import Export
from reservations.errors import NotFound


def answer(export: Export) -> StreamingHttpResponse:
    """Returns the CSV file, read a chunk at a time. Raises NotFound if there is none (now)."""
    if not jobs.is_ready(export) or not files.exist(export.parts):
        raise NotFound
    name = f"holdfast-{export.kind}-{export.created_at:%Y-%m-%d}.csv"
    return StreamingHttpResponse(
        files.read(export.parts),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
