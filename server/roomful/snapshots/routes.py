"""The route of snapshots."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from roomful.projects.access import PathId, find_viewer
from roomful.snapshots.builds import Builds
from roomful.snapshots.packed_response import PackedResponse
from roomful.snapshots.schemas import Snapshot
from roomful.snapshots.snapshots import SnapshotOf
from roomful.web.dependencies import API, Claims, Live
from roomful.web.limits import limits_of
from roomful.web.routing import Route

router = APIRouter(prefix=f"{API}/projects/{{project_id}}/snapshot", tags=["projects"], route_class=Route)


async def _snapshots(request: Request) -> Builds[SnapshotOf]:
    snapshots: Builds[SnapshotOf] = request.app.state.snapshots
    return snapshots


@router.get("", response_class=Response, responses={200: {"model": Snapshot}})
async def show_snapshot(
    project_id: PathId,
    request: Request,
    claims: Claims,
    runtime: Live,
    snapshots: Annotated[Builds[SnapshotOf], Depends(_snapshots)],
) -> Response:
    """The whole project at one offset. Applying the events after it gives the present state."""
    limits_of(request).count_read(claims.user_id)
    # A session of its own, which ends before the snapshot is built: no connection is held meanwhile.
    async with runtime.database.read() as session:
        access = await find_viewer(session, project_id, claims)
    _, packed = await snapshots.get((project_id, access.role), access.position)
    return PackedResponse(packed, request, snapshots.reading(access.person.id), media_type="application/json")
