"""The route of exports."""

import re
import unicodedata
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response

from roomful.projects.access import PathId, find_viewer
from roomful.snapshots.builds import Builds
from roomful.snapshots.packed_response import PackedResponse
from roomful.transfers.exports import ExportFormat, ExportOf
from roomful.transfers.schemas import Export
from roomful.web.dependencies import API, Claims, Live
from roomful.web.limits import limits_of
from roomful.web.routing import Route

MEDIA_TYPES: dict[ExportFormat, str] = {"json": "application/json", "csv": "text/csv; charset=utf-8; header=present"}
_UNSAFE_IN_NAME = re.compile(r"[^A-Za-z0-9]+")

router = APIRouter(prefix=f"{API}/projects/{{project_id}}/export", tags=["projects"], route_class=Route)


async def _exports(request: Request) -> Builds[ExportOf]:
    exports: Builds[ExportOf] = request.app.state.exports
    return exports


@router.get(
    "",
    response_class=Response,
    responses={200: {"model": Export, "content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def export_project(
    project_id: PathId,
    request: Request,
    claims: Claims,
    runtime: Live,
    exports: Annotated[Builds[ExportOf], Depends(_exports)],
    format: Annotated[ExportFormat, Query(description="Everything as JSON, or the tasks as CSV.")] = "json",
) -> Response:
    """The whole project at one offset (`X-Stream-Offset`) to take away, for members of any role.

    JSON has the members without their addresses, tasks with descriptions and comments, and documents as Markdown. CSV
    (RFC 4180, UTF-8 with a byte order mark) has the tasks. A cell that a spreadsheet could run as a formula begins with
    an apostrophe, which an import takes off again.
    """
    limits_of(request).count_read(claims.user_id)
    # A session of its own, which ends before the export is built: no connection is held meanwhile.
    async with runtime.database.read() as session:
        access = await find_viewer(session, project_id, claims)
    position, packed = await exports.get((project_id, format), access.position)
    headers = {
        "Content-Disposition": _disposition(access.project.name, format),
        "X-Stream-Offset": str(position.offset),
        "X-Stream-Epoch": position.epoch,
    }
    reading = exports.reading(access.person.id)
    return PackedResponse(packed, request, reading, media_type=MEDIA_TYPES[format], headers=headers)


def _disposition(name: str, format: ExportFormat) -> str:
    """A file named after the project: in ASCII, and as it is for browsers that read RFC 6266, 4.3."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = _UNSAFE_IN_NAME.sub("-", plain).strip("-").lower() or "project"
    whole = re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|]+', "-", name).strip(". ") or "project"
    return f"attachment; filename=\"{plain}.{format}\"; filename*=UTF-8''{quote(whole, safe='')}.{format}"
