"""A project's events as a stream of server-sent events."""

from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from roomful.channels import ChannelName
from roomful.errors import Unavailable
from roomful.gateway.channel_rules import RULES
from roomful.gateway.endpoints import node_of, present_position, reader_of
from roomful.gateway.handshake import Handshake, check_origin, query_of, sign_in
from roomful.link.transport import Transport
from roomful.projects.event_routes import Offset
from roomful.realtime.protocol.formats import EVENT_SOURCE
from roomful.realtime.publication import Position
from roomful.realtime.session.event_stream import EventStream
from roomful.transport.stream_body import EVENTS
from roomful.transport.streamed_response import StreamedResponse
from roomful.web.bearer import bearer_of
from roomful.web.dependencies import runtime_of

HEARTBEAT_SECONDS = 10.0
"""Some proxies cut a stream that is silent for 15 s."""

_offset: TypeAdapter[int] = TypeAdapter(Offset)


async def stream_events(request: Request, project_id: str) -> Response:
    """The events after `Last-Event-ID` (which a browser sends when it comes back), or `?after=`; then live ones.

    Without either, live ones only. The token is a bearer, or a `?ticket=`, since an EventSource can't set headers.
    Raises AppError; Unavailable also over the limit of connections, since a stream that only ends is opened again.
    """
    runtime, node = runtime_of(request), node_of(request)
    check_origin(request, runtime.settings.allowed_origins)
    query = query_of(request)
    handshake = Handshake(bearer_of(request.scope), query.get("ticket", ""))
    name = ChannelName("project", project_id)
    credentials = await reader_of(node, await sign_in(runtime, handshake), name)
    last = _last_seen(request)
    since = await present_position(node, name) if last is None else Position("", last)
    # Asked last: nothing is awaited between this and the stream's own check, but the sending of the head.
    if node.is_full_for(credentials.user_id):
        raise Unavailable("There are too many connections of yours.")

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

    bound = runtime.settings.send_buffer_bytes
    return StreamedResponse(begin, EVENTS, send_bound=bound, on_shutdown=node.shutdown.begin)


def _last_seen(request: Request) -> int | None:
    """The offset after which events are wanted, checked as the list at this address checks it.

    Raises RequestValidationError.
    """
    if last := request.headers.get("last-event-id"):
        return _checked(last, "header", "last-event-id")
    after = query_of(request).get("after")
    return None if after is None else _checked(after, "query", "after")


def _checked(text: str, *place: str) -> int:
    try:
        return _offset.validate_python(text)
    except ValidationError as invalid:
        raise RequestValidationError([{**error, "loc": place} for error in invalid.errors()]) from None
