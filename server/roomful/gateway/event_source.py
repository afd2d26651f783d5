"""A project's events as a stream of server-sent events."""

from starlette.requests import Request
from starlette.responses import Response

from roomful.channels import ChannelName
from roomful.gateway.channel_rules import RULES
from roomful.gateway.endpoints import node_of, parse_offset, present_position, reader_of
from roomful.gateway.handshake import Handshake, check_origin, query_of, sign_in
from roomful.link.transport import Transport
from roomful.realtime.protocol.formats import EVENT_SOURCE
from roomful.realtime.publication import Position
from roomful.realtime.session.event_stream import EventStream
from roomful.transport.streamed_response import EVENTS, StreamedResponse
from roomful.web.dependencies import runtime_of

HEARTBEAT_SECONDS = 10.0
"""Proxies cut a silent stream, some after 15 s."""


async def stream_events(request: Request, project_id: str) -> Response:
    """The events after `Last-Event-ID` (which a browser sends when it comes back), or `?after=`; then live ones.

    Without either, live ones only. The token comes as a bearer, or as `?ticket=`, since an EventSource sets no header.
    """
    runtime, node = runtime_of(request), node_of(request)
    check_origin(request, runtime.settings.allowed_origins)
    headers, query = request.headers, query_of(request)
    scheme, _, token = headers.get("authorization", "").partition(" ")
    handshake = Handshake(token.strip() if scheme.lower() == "bearer" else "", query.get("ticket", ""))
    name = ChannelName("project", project_id)
    credentials = await reader_of(node, await sign_in(runtime, handshake), name)
    last = headers.get("last-event-id") or query.get("after")
    since = await present_position(node, name) if last is None else Position("", parse_offset(last))

    def begin(transport: Transport) -> EventStream:
        stream = EventStream(
            node,
            transport,
            credentials,
            str(name),
            RULES[name.kind],
            since=since,
            stream_format=EVENT_SOURCE,
            ping_seconds=HEARTBEAT_SECONDS,
        )
        stream.begin()
        return stream

    return StreamedResponse(begin, EVENTS, send_bound=runtime.settings.send_buffer_bytes)
