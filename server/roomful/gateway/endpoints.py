"""The addresses of the event sockets."""

import re
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from roomful.channels import ChannelName
from roomful.errors import BadRequest, NotFound, Unauthenticated, Unavailable
from roomful.gateway.channel_rules import RULES
from roomful.gateway.handshake import (
    Handshake,
    check_origin,
    place_before_sign_in,
    query_of,
    read_handshake,
    sign_in,
    sign_in_by_ticket,
)
from roomful.link.transport import Transport
from roomful.realtime.history.port import HistoryUnavailable, UnknownChannel
from roomful.realtime.node.node import Node
from roomful.realtime.policy import Credentials, TokenRefused
from roomful.realtime.protocol.codes import ClientError
from roomful.realtime.protocol.formats import JSON, PROTOBUF, ClientFormat
from roomful.realtime.publication import MAX_OFFSET, Position
from roomful.realtime.session.event_stream import EventStream
from roomful.realtime.session.session import Session
from roomful.transport import sockets
from roomful.web.dependencies import runtime_of

FORMATS: dict[str, ClientFormat] = {"centrifuge-json": JSON, "centrifuge-protobuf": PROTOBUF}
"""By subprotocol."""

_OFFSET = re.compile(r"[0-9]{1,20}")


def node_of(connection: HTTPConnection) -> Node:
    node: Node = connection.app.state.node
    return node


async def get_node(connection: HTTPConnection) -> Node:
    return node_of(connection)


LiveNode = Annotated[Node, Depends(get_node)]
"""The engine of this process."""


async def client_socket(websocket: WebSocket) -> None:
    """The Centrifuge client protocol, in JSON unless the client asks for protobuf.

    A bad token is answered after the upgrade (error 109, close 3500): SDKs take a refused upgrade for a broken network
    and would try again for ever. For trying it by hand, `?cf_ws_frame_ping_pong=true` sends WebSocket pings.
    """
    runtime, node = runtime_of(websocket), node_of(websocket)
    check_origin(websocket, runtime.settings.allowed_origins)
    handshake = read_handshake(websocket, offered=tuple(FORMATS))
    client_format = agreed_format(websocket, handshake)
    with place_before_sign_in(websocket) as place:
        credentials, token = await sign_in_by_ticket(runtime, handshake)
        await websocket.accept(subprotocol=handshake.subprotocol)
        await sockets.serve(
            websocket,
            lambda transport: Session(
                node,
                transport,
                client_format,
                credentials=credentials,
                token=token,
                on_signed_in=place.leave,
                pings_by_frames=query_of(websocket).get("cf_ws_frame_ping_pong") == "true",
            ),
            send_bound=runtime.settings.send_buffer_bytes,
            on_shutdown=node.shutdown.begin,
        )


def agreed_format(websocket: WebSocket, handshake: Handshake) -> ClientFormat:
    """By the subprotocol that was agreed, or else by `?format=protobuf` or `?cf_protocol=protobuf`."""
    if (agreed := FORMATS.get(handshake.subprotocol or "")) is not None:
        return agreed
    query = query_of(websocket)
    return PROTOBUF if "protobuf" in (query.get("format"), query.get("cf_protocol")) else JSON


async def plain_socket(websocket: WebSocket, project_id: str) -> None:
    """A project's events, each as one text message: first those after `?since=`, then live ones."""
    runtime, node = runtime_of(websocket), node_of(websocket)
    check_origin(websocket, runtime.settings.allowed_origins)
    handshake = read_handshake(websocket)
    name = ChannelName("project", project_id)
    with place_before_sign_in(websocket) as place:
        credentials = await reader_of(node, await sign_in(runtime, handshake), name)
        since = _since(websocket) or await present_position(node, name)
        await websocket.accept(subprotocol=handshake.subprotocol)
        place.leave()

    def begin(transport: Transport) -> EventStream:
        stream = EventStream(node, transport, credentials, str(name), RULES[name.kind], since=since)
        stream.begin()
        return stream

    bound = runtime.settings.send_buffer_bytes
    await sockets.serve(websocket, begin, send_bound=bound, on_shutdown=node.shutdown.begin)


async def reader_of(node: Node, credentials: Credentials, name: ChannelName) -> Credentials:
    """The credentials of a person who may read this channel, with what others see of them.

    Uses the same cached answers as sessions do (ProjectPolicy). The stream that follows checks access again, once an
    event that ends it would reach the stream. Raises Unauthenticated, NotFound, Unavailable.
    """
    try:
        credentials = await node.policy.admit(credentials)
        await node.policy.authorize(credentials, str(name), "")
    except TokenRefused:
        raise Unauthenticated from None
    except ClientError as refused:
        raise (Unavailable if refused.is_temporary else NotFound) from refused
    return credentials


async def present_position(node: Node, name: ChannelName) -> Position:
    """The channel's position before the upgrade: a client that sees the socket open misses nothing from then on.

    Raises NotFound, Unavailable.
    """
    try:
        return await node.hub.head(str(name))
    except UnknownChannel:
        raise NotFound from None
    except HistoryUnavailable as outage:
        raise Unavailable from outage


def _since(websocket: WebSocket) -> Position | None:
    """`?since=OFFSET`, with the `epoch` it was counted in where the reader knows it. Raises BadRequest."""
    query = query_of(websocket)
    text = query.get("since")
    return None if text is None else Position(query.get("epoch", "")[:64], _parse_offset(text))


def _parse_offset(text: str) -> int:
    """Raises BadRequest."""
    if not _OFFSET.fullmatch(text) or (offset := int(text)) > MAX_OFFSET:
        raise BadRequest(f"An offset is a whole number from 0 to {MAX_OFFSET}.")
    return offset
