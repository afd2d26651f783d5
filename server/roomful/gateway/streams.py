"""The addresses of the client protocol over HTTP: streams, and the requests that bring their commands.

For clients behind proxies that block WebSockets. The session is the same as on a socket. Its pushes come in a response
that does not end; its commands go by `POST /emulation`, to any node:

    POST /connection/http_stream     {"id": 1, "connect": {"token": "…"}}       or protobuf: application/octet-stream
    GET  /connection/sse?cf_connect={"id": 1, "connect": {"token": "…"}}
      {"id": 1, "connect": {"client": "…", "session": "…", "node": "…", …}}
    POST /emulation                  {"session": "…", "node": "…", "data": "{\"id\": 2, \"subscribe\": …}"}
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
from fastapi import APIRouter
from msgspec import Raw
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from roomful.errors import BadRequest, NotFound, PayloadTooLarge, Unavailable
from roomful.gateway.endpoints import node_of
from roomful.gateway.handshake import check_origin, read_handshake, sign_in_by_ticket
from roomful.link.transport import Transport
from roomful.realtime.node.emulation import OutOfReach, UnknownNode
from roomful.realtime.node.node import Node
from roomful.realtime.policy import Credentials
from roomful.realtime.protocol import protobuf
from roomful.realtime.protocol.commands import EmulationRequest
from roomful.realtime.protocol.formats import JSON, PROTOBUF, ClientFormat, Malformed
from roomful.realtime.session.session import Mode, Session
from roomful.transport.sockets import MAX_UNKNOWN_MESSAGE_BYTES
from roomful.transport.stream_body import LENGTHS, LINES, SERVER_SENT, Body
from roomful.transport.streamed_response import StreamedResponse
from roomful.web.dependencies import runtime_of
from roomful.web.limits import client_address, limits_of, network_of

MAX_COMMANDS_BYTES = 128 * 1024
"""The commands of one request must fit into a message between nodes."""

BINARY = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Opening:
    """The first command of a stream, and the format of the answers."""

    commands: bytes
    client_format: ClientFormat
    body: Body
    mode: Mode = "emulated"


async def open_http_stream(request: Request) -> Response:
    return await open_stream(request, read_http_stream)


async def open_sse(request: Request) -> Response:
    return await open_stream(request, read_sse)


async def open_stream(request: Request, read: Callable[[Request], Awaitable[Opening]]) -> Response:
    """Raises Forbidden, RateLimited, and what `read` raises."""
    runtime = runtime_of(request)
    await _let_in(request)
    opening = await read(request)
    credentials, token = await sign_in_by_ticket(runtime, read_handshake(request))
    bound = runtime.settings.send_buffer_bytes
    unauthenticated, network = limits_of(request).unauthenticated, network_of(await client_address(request))
    unauthenticated.check(network)
    return answer(
        node_of(request),
        opening,
        send_bound=bound,
        credentials=credentials,
        token=token,
        enter=lambda: unauthenticated.enter(network).leave,
    )


async def receive_commands(request: Request) -> Response:
    await _let_in(request)
    return await deliver(node_of(request), request)


router = APIRouter(
    routes=[
        Route("/connection/http_stream", open_http_stream, methods=["POST"]),
        Route("/connection/sse", open_sse, methods=["GET", "POST"]),
        Route("/emulation", receive_commands, methods=["POST"]),
    ]
)


async def _let_in(request: Request) -> None:
    """Raises Forbidden, RateLimited."""
    check_origin(request, runtime_of(request).settings.allowed_origins)
    limits_of(request).count_commands(await client_address(request))


async def read_http_stream(request: Request) -> Opening:
    """Raises BadRequest, PayloadTooLarge."""
    commands = await read_body(request, MAX_UNKNOWN_MESSAGE_BYTES)
    return checked(Opening(commands, PROTOBUF, LENGTHS) if _is_binary(request) else Opening(commands, JSON, LINES))


async def read_sse(request: Request) -> Opening:
    """Raises BadRequest, PayloadTooLarge."""
    return checked(Opening(await read_connect(request), JSON, SERVER_SENT))


async def read_connect(request: Request) -> bytes:
    """A stream's first command: from the body, or for an EventSource, which can only GET, from the address.

    Raises PayloadTooLarge.
    """
    if request.method == "POST":
        return await read_body(request, MAX_UNKNOWN_MESSAGE_BYTES)
    return request.query_params.get("cf_connect", "").encode()


def answer(
    node: Node,
    opening: Opening,
    *,
    send_bound: int,
    credentials: Credentials | None = None,
    token: str = "",
    enter: Callable[[], Callable[[], None]] | None = None,
) -> Response:
    """A session's stream. It reports a bad token, as a socket does: SDKs take a refused request for a broken network.

    `enter` is called when the stream begins, and its result when the client has signed in or is gone.
    """

    def begin(transport: Transport) -> Session:
        session = Session(
            node,
            transport,
            opening.client_format,
            credentials=credentials,
            token=token,
            on_signed_in=None if enter is None else enter(),
            mode=opening.mode,
        )
        session.receive(opening.commands)
        return session

    return StreamedResponse(begin, opening.body, send_bound=send_bound, on_shutdown=node.shutdown.begin)


async def deliver(node: Node, request: Request) -> Response:
    """204 when the commands have reached the session, or it has ended; 404 when its node has: SDKs connect again.

    Raises BadRequest, PayloadTooLarge, NotFound, Unavailable.
    """
    body = await read_body(request, MAX_COMMANDS_BYTES)
    try:
        asked = protobuf.decode(EmulationRequest, body) if _is_binary(request) else _from_json(body)
    except (protobuf.NotProtobuf, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadRequest("The body must name a session, its node, and the commands for it.") from error
    try:
        address = network_of(await client_address(request))
        await node.emulation.deliver(asked.node, asked.session, bytes(asked.data), address=address)
    except UnknownNode:
        raise NotFound("The node of this session is gone; connect again.") from None
    except OutOfReach:
        raise Unavailable("The node of this session can't be reached; connect again.") from None
    return Response(status_code=204)


async def read_body(request: Request, max_bytes: int) -> bytes:
    """Raises PayloadTooLarge as soon as it is known."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise PayloadTooLarge
    return body


class _EmulationRequest(msgspec.Struct):
    """In JSON the commands are a string."""

    node: str = ""
    session: str = ""
    data: str = ""


def _from_json(body: bytes) -> EmulationRequest:
    asked = msgspec.json.decode(body, type=_EmulationRequest)
    return EmulationRequest(asked.node, asked.session, Raw(asked.data.encode()))


def checked(opening: Opening) -> Opening:
    """Raises BadRequest."""
    try:
        if any(opening.client_format.decode(opening.commands)):
            return opening
    except Malformed as error:
        raise BadRequest("This is no command of the client protocol.") from error
    raise BadRequest("A stream begins with commands, the first of them connect.")


def _is_binary(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == BINARY
