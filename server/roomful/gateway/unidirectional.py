"""The addresses of clients that only listen: pushes of the client protocol, without an SDK.

Each begins with a bare connect request, which names the channels and the offset after which each is wanted:

    POST /connection/uni_http_stream    {"token": "…", "subs": {"project:42": {"recover": true, "offset": 7}}}
    GET  /connection/uni_sse?cf_connect={"token": "…", …}             or a POST like that
    /connection/uni_websocket?cf_connect={"token": "…", …}            or as its first message
      {"connect": {"client": "…", "subs": {"project:42": {"publications": […], …}}, …}}
      {"channel": "project:42", "pub": {"data": {…}, "offset": 9}}
      {}                                                              a ping; there is no pong
      {"disconnect": {"code": 3001, "reason": "shutdown"}}
"""

from collections.abc import Callable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocket

from roomful.gateway import streams
from roomful.gateway.endpoints import node_of
from roomful.gateway.handshake import check_origin, place_before_sign_in, read_handshake, sign_in_by_ticket
from roomful.gateway.streams import Opening
from roomful.link.transport import Transport
from roomful.realtime.node.node import Node
from roomful.realtime.policy import Credentials
from roomful.realtime.protocol.formats import UNIDIRECTIONAL
from roomful.realtime.session.session import Session
from roomful.transport import sockets
from roomful.transport.stream_body import LINES, SERVER_SENT, Body
from roomful.web.dependencies import runtime_of


async def open_http_stream(request: Request) -> Response:
    return await streams.open_stream(request, read_http_stream)


async def open_sse(request: Request) -> Response:
    return await streams.open_stream(request, read_sse)


async def open_socket(websocket: WebSocket) -> None:
    runtime, node = runtime_of(websocket), node_of(websocket)
    check_origin(websocket, runtime.settings.allowed_origins)
    handshake = read_handshake(websocket)
    with place_before_sign_in(websocket) as place:
        credentials, token = await sign_in_by_ticket(runtime, handshake)
        await websocket.accept(subprotocol=handshake.subprotocol)
        bound = runtime.settings.send_buffer_bytes
        await serve(websocket, node, send_bound=bound, credentials=credentials, token=token, on_signed_in=place.leave)


router = APIRouter(
    routes=[
        Route("/connection/uni_http_stream", open_http_stream, methods=["POST"]),
        Route("/connection/uni_sse", open_sse, methods=["GET", "POST"]),
    ]
)


async def read_http_stream(request: Request) -> Opening:
    """Raises BadRequest, PayloadTooLarge."""
    return await _read(request, LINES)


async def read_sse(request: Request) -> Opening:
    """Raises BadRequest, PayloadTooLarge."""
    return await _read(request, SERVER_SENT)


async def serve(
    websocket: WebSocket,
    node: Node,
    *,
    send_bound: int,
    credentials: Credentials | None = None,
    token: str = "",
    on_signed_in: Callable[[], None] | None = None,
) -> None:
    """Run a session on an accepted socket to its end."""

    def begin(transport: Transport) -> Session:
        session = Session(
            node,
            transport,
            UNIDIRECTIONAL,
            credentials=credentials,
            token=token,
            on_signed_in=on_signed_in,
            mode="unidirectional",
        )
        if request := websocket.query_params.get("cf_connect"):
            session.receive(request)
        return session

    await sockets.serve(websocket, begin, send_bound=send_bound, on_shutdown=node.shutdown.begin)


async def _read(request: Request, body: Body) -> Opening:
    return streams.checked(Opening(await streams.read_connect(request), UNIDIRECTIONAL, body, "unidirectional"))
