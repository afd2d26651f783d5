"""A project's events as a stream of server-sent events."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import cast

from fastapi import APIRouter, Request, Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from server.gateway.channels import ChannelName
from server.gateway.endpoints import LiveNode, parse_offset, present_position, reader_of
from server.gateway.handshake import Handshake, check_origin, sign_in
from server.realtime.event_stream import EventStream
from server.realtime.node import Node
from server.realtime.policy import Credentials
from server.realtime.protocol.formats import EVENT_SOURCE
from server.realtime.publication import Position
from server.realtime.transport import Chunk
from server.web.dependencies import API, Live
from server.web.routing import Route

HEARTBEAT_SECONDS = 10.0
"""Proxies cut a silent stream, some after 15 s."""
DRAIN_SECONDS = 20.0
_HEARTBEAT = b": still here\n\n"
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Type": "text/event-stream; charset=utf-8",
    "X-Accel-Buffering": "no",  # nginx would hold events back until its buffer is full
}


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
    return EventSourceResponse(
        node,
        credentials,
        ChannelName("project", project_id),
        since=await present_position(runtime, project_id) if last is None else Position("", parse_offset(last)),
        send_bound=runtime.settings.send_buffer_bytes,
    )


class ConcatenatedFraming:
    """Messages one after the other: they say themselves where they end."""

    name = "concatenated"

    def frame(self, messages: Sequence[bytes], *, text: bool) -> Chunk:
        return Chunk(b"".join(messages))


class ResponseTransport:
    """The body of a streamed response: bounded by bytes, written by whoever runs `chunks`."""

    framing = ConcatenatedFraming()

    def __init__(self, *, send_bound: int, on_overflow: Callable[[], None]) -> None:
        self._send_bound = send_bound
        self._on_overflow = on_overflow
        self._chunks: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._is_closed = False
        self.pending_bytes = 0

    def write(self, chunk: Chunk, /) -> None:
        if self._is_closed:
            return
        data = cast("bytes", chunk)  # made by our framing
        self._chunks.append(data)
        self.pending_bytes += len(data)
        self._wake.set()
        if self.pending_bytes > self._send_bound:
            asyncio.get_running_loop().call_soon(self._on_overflow)

    def ping(self) -> bool:
        self.write(Chunk(_HEARTBEAT))
        return False

    def heard(self) -> bool:
        return True

    def limit_messages(self, max_message_bytes: int) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...

    def close(self, code: int, reason: str) -> None:
        """An EventSource knows no codes: it comes back, and is refused where that is to be."""
        self._is_closed = True
        self._wake.set()

    def abort(self) -> None:
        self._chunks.clear()
        self.close(0, "")

    async def send_all(self, send: Send) -> None:
        """Send what is written, until it is closed and all has been taken."""
        while self._chunks or not self._is_closed:
            await self._wake.wait()
            self._wake.clear()
            while self._chunks:
                data = b"".join(self._chunks)
                self._chunks.clear()
                await send({"type": "http.response.body", "body": data, "more_body": True})
                self.pending_bytes -= len(data)


class EventSourceResponse(Response):
    """Holds no database session and no more than its bound, however long it is read."""

    def __init__(
        self, node: Node, credentials: Credentials, channel: ChannelName, *, since: Position | None, send_bound: int
    ) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._transport = ResponseTransport(send_bound=send_bound, on_overflow=self._overflow)
        self._stream = EventStream(
            node,
            self._transport,
            credentials,
            str(channel),
            channel.rules,
            since=since,
            stream_format=EVENT_SOURCE,
            ping_seconds=HEARTBEAT_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        self._transport.write(Chunk(b": connected\n\n"))  # a browser calls it open from its first byte on
        self._stream.begin()
        try:
            async with asyncio.TaskGroup() as tasks:
                sending = tasks.create_task(self._transport.send_all(send))
                watching = tasks.create_task(self._watch(receive))
                await asyncio.wait([sending, watching], return_when=asyncio.FIRST_COMPLETED)
                if not sending.done():
                    # Gone, or too slow: what it has not taken soon is not waited for.
                    await asyncio.wait([sending], timeout=0 if watching.done() else DRAIN_SECONDS)
                sending.cancel()
                watching.cancel()
        finally:
            self._stream.closed(1006)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    def _overflow(self) -> None:
        self._stream.overflow()
