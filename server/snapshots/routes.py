"""The route of snapshots."""

from fastapi import APIRouter

from server.eventlog import log
from server.projects import members
from server.projects.access import ViewerOf
from server.projects.channel import channel_of
from server.projects.schemas import Project
from server.snapshots.schemas import Snapshot, Stream
from server.tasks import service as tasks
from server.web.dependencies import API, ReadDB
from server.web.routing import Route

router = APIRouter(prefix=f"{API}/projects/{{project_id}}/snapshot", tags=["projects"], route_class=Route)


@router.get("")
async def show_snapshot(access: ViewerOf, session: ReadDB) -> Snapshot:
    """The whole project at one offset. Applying the events after it gives the present state."""
    channel = channel_of(access.project.id)
    epoch, offset = await log.head(session, channel)
    return Snapshot(
        project=Project.of(access.project, access.role, offset),
        members=await members.list_everybody(session, access.project.id),
        tasks=await tasks.list_everything(session, access.project.id),
        documents=[],
        stream=Stream(channel=channel, offset=offset, epoch=epoch),
    )
