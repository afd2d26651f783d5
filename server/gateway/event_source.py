"""A project's events as a stream of server-sent events."""

from fastapi import APIRouter, Request, Response
from starlette.routing import Match
from starlette.types import Scope

from server.gateway.channels import ChannelName
from server.gateway.endpoints import LiveNode, parse_offset, present_position, reader_of
from server.gateway.handshake import Handshake, check_origin, sign_in
from server.gateway.streamed_response import EVENTS, StreamedResponse
from server.realtime.event_stream import EventStream
from server.realtime.protocol.formats import EVENT_SOURCE
from server.realtime.publication import Position
from server.realtime.transport import Transport
from server.web.dependencies import API, Live
from server.web.routing import Route

HEARTBEAT_SECONDS = 10.0
"""Proxies cut a silent stream, some after 15 s."""


class _EventSourceRoute(Route):
    """Answers only who asks for a stream; the same address without that is a list."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http":
            accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
            if b"text/event-stream" not in accepted.lower():
                return Match.NONE, {}
        return super().matches(scope)


router = APIRouter(prefix=f"{API}/projects/{{project_id}}/events", route_class=_EventSourceRoute)


@router.get("", include_in_schema=False)
async def stream_events(project_id: str, request: Request, runtime: Live, node: LiveNode) -> Response:
    """The events after `Last-Event-ID` (which a browser sends when it comes back), or `?after=`; then live ones.

    Without either, live ones only. The token comes as a bearer, or as `?ticket=`, since an EventSource sets no header.
    """
    check_origin(request, runtime.settings.allowed_origins)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    handshake = Handshake(token.strip() if scheme.lower() == "bearer" else "", request.query_params.get("ticket", ""))
    credentials = await reader_of(runtime, await sign_in(runtime, handshake), project_id)
    last = request.headers.get("last-event-id") or request.query_params.get("after")
    since = await present_position(runtime, project_id) if last is None else Position("", parse_offset(last))

    def begin(transport: Transport) -> EventStream:
        name = ChannelName("project", project_id)
        stream = EventStream(
            node,
            transport,
            credentials,
            str(name),
            name.rules,
            since=since,
            stream_format=EVENT_SOURCE,
            ping_seconds=HEARTBEAT_SECONDS,
        )
        stream.begin()
        return stream

    return StreamedResponse(begin, EVENTS, send_bound=runtime.settings.send_buffer_bytes)
