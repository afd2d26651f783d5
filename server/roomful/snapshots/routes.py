"""The route of snapshots."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.types import Receive, Scope, Send

from roomful.channels import project_channel
from roomful.eventlog import log
from roomful.projects.access import PathId, find_viewer
from roomful.snapshots.packed import PackedSnapshot
from roomful.snapshots.schemas import Snapshot
from roomful.snapshots.snapshots import Snapshots
from roomful.web.compression import accepted
from roomful.web.dependencies import API, Claims, Live
from roomful.web.limits import limits_of
from roomful.web.routing import Route

router = APIRouter(prefix=f"{API}/projects/{{project_id}}/snapshot", tags=["projects"], route_class=Route)


async def _snapshots(request: Request) -> Snapshots:
    snapshots: Snapshots = request.app.state.snapshots
    return snapshots


@router.get("", response_class=Response, responses={200: {"model": Snapshot}})
async def show_snapshot(
    project_id: PathId,
    request: Request,
    claims: Claims,
    runtime: Live,
    snapshots: Annotated[Snapshots, Depends(_snapshots)],
) -> Response:
    """The whole project at one offset. Applying the events after it gives the present state."""
    limits_of(request).count_read(claims.user_id)
    # A session of its own, which ends before the snapshot is built, not to wait for that with a connection in hand.
    async with runtime.database.read() as session:
        access = await find_viewer(session, project_id, claims)
        newest = await log.head(session, project_channel(project_id))
    packed = await snapshots.get(project_id, access.role, newest)
    takes_gzip = "gzip" in accepted(request.headers.get("accept-encoding", ""))
    return _SnapshotResponse(packed, snapshots, access.person.id, takes_gzip=takes_gzip)


class _SnapshotResponse(Response):
    """Sends a snapshot as fast as its reader takes it, a chunk in memory at a time."""

    def __init__(self, packed: PackedSnapshot, snapshots: Snapshots, user_id: str, *, takes_gzip: bool) -> None:
        headers = {"Vary": "Accept-Encoding"} | ({"Content-Encoding": "gzip"} if takes_gzip else {})
        super().__init__(headers=headers, media_type="application/json")
        self._length = packed.gzip_bytes if takes_gzip else packed.json_bytes
        self.headers["Content-Length"] = str(self._length)
        self._packed = packed
        self._snapshots = snapshots
        self._user_id = user_id
        self._takes_gzip = takes_gzip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        chunks = self._packed.gzip_chunks() if self._takes_gzip else self._packed.json_chunks()
        with self._snapshots.reading(self._user_id):
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            sent, request = 0, Request(scope, receive)
            # The server takes what is sent to nobody, too: the rest would be unpacked for that.
            while sent < self._length and not await request.is_disconnected():
                chunk = await asyncio.to_thread(next, chunks)
                sent += len(chunk)
                await send({"type": "http.response.body", "body": chunk, "more_body": sent < self._length})
