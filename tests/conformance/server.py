"""The engine by itself, with the rules that the official SDKs' own test suites expect of a server.

    python -m tests.conformance.server [--port 8000] [--insecure] [--short-timeouts] [--no-presence]

Tokens are JWTs, signed with the secret `secret`. Channels without a namespace keep 100 publications; subscribers may
publish, list presence and read the history, and receive joins unasked; a subscription takes its own token. Channels of
the namespace `smallhistory` keep two publications, those of `delta` come as deltas. The server subscribes everybody to
the channel `#USER`. The remote procedure `echo` returns its input. With `--insecure` no tokens are required, but given
ones count. With `--short-timeouts` the server pings every second and waits only a little longer for clients, and a
person has three connections at most. With `--no-presence` channels have no presence, as the suite of centrifuge-go
expects. The API is that of tests.conformance.server_api:

    POST /api/publish {"channel": "…", "data": …}      X-API-Key: test-api-key
    POST /api/history {"channel": "…", "limit": 0}
    POST /api/disconnect {"user": "…"}
    POST /api/unsubscribe {"user": "…", "channel": "…"}
    GET  /echo                                         a WebSocket that echoes messages
    POST /control/…                                    as in tests.conformance.control
"""

import argparse
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from operator import attrgetter

import jwt
import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from roomful.errors import AppError
from roomful.gateway import streams, unidirectional
from roomful.gateway.endpoints import FORMATS, agreed_format
from roomful.gateway.handshake import read_handshake
from roomful.gateway.streams import Opening
from roomful.realtime.limits import Limits
from roomful.realtime.node.memory_node import MemoryChannels, MemoryParts, open_memory_node
from roomful.realtime.node.node import Node
from roomful.realtime.policy import Credentials, Rules, TokenHasExpired, TokenMissing, TokenRefused
from roomful.realtime.presence.memory import MemoryPresence
from roomful.realtime.protocol import codes
from roomful.realtime.publication import ClientInfo, Publication
from roomful.realtime.session.session import Session
from roomful.transport import sockets
from roomful.transport.http_protocol import HttpProtocol
from roomful.transport.websocket.options import SocketOptions
from roomful.transport.websocket.protocol import websocket_protocol
from roomful.web.errors import error_response, explain
from tests.conformance.control import Control, Refusals, control_routes
from tests.conformance.server_api import ServerApi, api_routes

SECRET = "secret"
SEND_BOUND = 4 * 1024 * 1024

LIMITS = Limits(connections_per_user=0, commands_per_minute=0, expiry_grace_seconds=2.0)
SHORT_TIMEOUTS = replace(LIMITS, connections_per_user=3, ping_seconds=1, pong_seconds=3, connect_seconds=3.0)


@dataclass(frozen=True, slots=True)
class Namespace:
    """The rules of channels that begin with one name and a colon, and the number of publications that each keeps."""

    rules: Rules
    history_size: int


_SOCIAL = Rules(is_recoverable=True, has_patches=True, has_presence=True, takes_publish=True)
NAMESPACES = {
    "": Namespace(replace(_SOCIAL, forces_joins=True), 100),  # also in a person's own channel
    "example": Namespace(_SOCIAL, 300),
    "delta": Namespace(replace(_SOCIAL, has_presence=False), 100),
    "recovery": Namespace(replace(_SOCIAL, has_presence=False), 100),
    "smallhistory": Namespace(replace(_SOCIAL, has_presence=False), 2),
}

# The suites' secret is short.
warnings.filterwarnings("ignore", category=jwt.InsecureKeyLengthWarning)


@dataclass(slots=True)
class SuitePolicy:
    """The policy of the engine's sessions; publications are recorded in memory."""

    channels: MemoryChannels
    is_insecure: bool
    has_presence: bool
    refusals: Refusals

    async def verify(self, token: str) -> Credentials:
        if self.is_insecure and not token:
            return Credentials("")
        if not token:
            raise TokenMissing
        try:
            claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_aud": False})
        except jwt.ExpiredSignatureError:
            raise TokenHasExpired from None
        except jwt.InvalidTokenError:
            raise TokenRefused from None
        info = msgspec.json.encode(claims["info"]) if "info" in claims else b""
        return Credentials(claims.get("sub", ""), expires_at=claims.get("exp"), info=info)

    async def admit(self, credentials: Credentials) -> Credentials:
        self.refusals.look(credentials.user_id)
        return credentials

    def rules(self, channel: str) -> Rules | None:
        namespace = _namespace(channel)
        if namespace is None or self.has_presence:
            return None if namespace is None else namespace.rules
        return replace(namespace.rules, has_presence=False)

    def guard(self, channel: str) -> str | None:
        return None

    async def authorize(self, credentials: Credentials, channel: str, token: str) -> float | None:
        namespace = _namespace(channel)
        if namespace is None:
            raise codes.UNKNOWN_CHANNEL.error()
        self.refusals.look(channel)
        self.channels.history.open(channel, size=namespace.history_size)
        if self.is_insecure or (credentials.user_id and channel == f"#{credentials.user_id}"):
            return None
        try:
            claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_aud": False})
        except jwt.ExpiredSignatureError:
            raise codes.TOKEN_EXPIRED.error() from None
        except jwt.InvalidTokenError:
            raise codes.PERMISSION_DENIED.error() from None
        if (claims.get("sub"), claims.get("channel")) != (credentials.user_id, channel):
            raise codes.PERMISSION_DENIED.error()
        expires_at: float | None = claims.get("exp")
        return expires_at

    def channels_at_connect(self, credentials: Credentials) -> Sequence[str]:
        return [f"#{credentials.user_id}"] if credentials.user_id else []

    async def data_at_connect(self, credentials: Credentials) -> bytes:
        return b""

    async def publish(self, credentials: Credentials, channel: str, data: bytes, info: ClientInfo) -> None:
        self.record(channel, data, info)

    def record(self, channel: str, data: bytes, info: ClientInfo | None = None) -> Publication:
        """Publish and record. The channel is one that `rules` knows."""
        namespace = NAMESPACES[_name_of(channel)]
        self.channels.history.open(channel, size=namespace.history_size)
        return self.channels.publish(channel, data, info=info)

    async def call(self, credentials: Credentials, method: str, data: bytes) -> bytes:
        if method != "echo":
            raise codes.NOT_AVAILABLE.error()
        return data


@dataclass(slots=True)
class SuiteServer:
    """The application's one engine, and its endpoints."""

    is_insecure: bool
    limits: Limits
    has_presence: bool
    node: Node = field(init=False)
    policy: SuitePolicy = field(init=False)
    control: Control = field(init=False)
    api: ServerApi = field(init=False)

    @asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        parts = MemoryParts(
            # The suites often use one person for two clients, which must see each other join.
            presence=MemoryPresence(who=attrgetter("client")),
            tail_length=min(each.history_size for each in NAMESPACES.values()),
        )

        def make_policy(channels: MemoryChannels) -> SuitePolicy:
            self.policy = SuitePolicy(channels, self.is_insecure, self.has_presence, Refusals())
            return self.policy

        async with open_memory_node(make_policy, version="conformance", limits=self.limits, parts=parts) as self.node:
            self.control = Control(self.node, parts.history, self.policy.refusals, self.policy.record)
            self.api = ServerApi(self.node, parts.history, self.policy)
            yield

    async def client_socket(self, websocket: WebSocket) -> None:
        handshake = read_handshake(websocket, offered=tuple(FORMATS))
        client_format = agreed_format(websocket, handshake)
        await websocket.accept(subprotocol=handshake.subprotocol)
        await sockets.serve(
            websocket,
            lambda transport: Session(self.node, transport, client_format, token=handshake.token),
            send_bound=SEND_BOUND,
            on_shutdown=self.node.shutdown.begin,
        )

    async def unidirectional_socket(self, websocket: WebSocket) -> None:
        await websocket.accept()
        await unidirectional.serve(websocket, self.node, send_bound=SEND_BOUND)

    def stream(self, read: Callable[[Request], Awaitable[Opening]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return streams.answer(self.node, await read(request), send_bound=SEND_BOUND)

        return answer

    async def take_commands(self, request: Request) -> Response:
        return await streams.deliver(self.node, request)


def create_app(*, is_insecure: bool = False, limits: Limits = LIMITS, has_presence: bool = True) -> Starlette:
    server = SuiteServer(is_insecure, limits, has_presence)
    return Starlette(
        routes=[
            WebSocketRoute("/connection/websocket", server.client_socket),
            WebSocketRoute("/echo", _echo),
            WebSocketRoute("/connection/uni_websocket", server.unidirectional_socket),
            Route("/connection/http_stream", server.stream(streams.read_http_stream), methods=["POST"]),
            Route("/connection/sse", server.stream(streams.read_sse), methods=["GET", "POST"]),
            Route("/connection/uni_http_stream", server.stream(unidirectional.read_http_stream), methods=["POST"]),
            Route("/connection/uni_sse", server.stream(unidirectional.read_sse), methods=["GET", "POST"]),
            Route("/emulation", server.take_commands, methods=["POST"]),
            *api_routes(lambda: server.api),
            *control_routes(lambda: server.control),
        ],
        lifespan=server.lifespan,
        exception_handlers={AppError: _refused},
    )


async def _refused(_request: Request, error: Exception) -> Response:
    return error_response(explain(error))


async def _echo(websocket: WebSocket) -> None:
    await websocket.accept()
    while (event := await websocket.receive())["type"] == "websocket.receive":
        await websocket.send({**event, "type": "websocket.send"})


def _namespace(channel: str) -> Namespace | None:
    return NAMESPACES.get(_name_of(channel))


def _name_of(channel: str) -> str:
    name, separator, _ = channel.partition(":")
    return name if separator else ""


def main() -> None:
    parser = argparse.ArgumentParser(description="A server for the SDKs' own test suites.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--insecure", action="store_true", help="take clients without tokens")
    parser.add_argument("--short-timeouts", action="store_true", help="ping every second, and wait briefly for clients")
    parser.add_argument("--no-presence", action="store_true", help="tell nobody who is in a channel")
    options = parser.parse_args()
    uvicorn.run(
        create_app(
            is_insecure=options.insecure,
            limits=SHORT_TIMEOUTS if options.short_timeouts else LIMITS,
            has_presence=not options.no_presence,
        ),
        host=options.host,
        port=options.port,
        http=HttpProtocol,
        ws=websocket_protocol(SocketOptions(deflate=True)),
        log_level="warning",
    )


if __name__ == "__main__":
    main()
