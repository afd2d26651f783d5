"""The engine on adapters in memory: the test controls its history, broker and sockets."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import msgspec

from roomful.link.transport import Chunk, write_to_each
from roomful.realtime.broker.memory import MemoryBroker
from roomful.realtime.history.memory import MemoryHistory
from roomful.realtime.limits import Limits
from roomful.realtime.node.memory_node import MemoryChannels, MemoryParts, open_memory_node
from roomful.realtime.node.node import Node
from roomful.realtime.policy import Credentials, Rules, TokenHasExpired, TokenMissing, TokenRefused
from roomful.realtime.protocol import codes
from roomful.realtime.protocol.formats import JSON, UNIDIRECTIONAL, ClientFormat, PushFormat
from roomful.realtime.publication import ClientInfo, Publication
from roomful.realtime.session.session import Mode, Session


class ListFraming:
    name = "list"

    def frame(self, messages: Sequence[bytes], *, text: bool) -> Chunk:
        return Chunk(list(messages))

    broadcast = staticmethod(write_to_each)


class ListTransport:
    """Keeps written messages, JSON decoded and protobuf as bytes."""

    framing = ListFraming()

    def __init__(self, push_format: PushFormat = JSON) -> None:
        self._read = msgspec.json.decode if push_format.is_text else bytes
        self.messages: list[Any] = []
        self.closed_with: tuple[int, str] | None = None
        self.pending_bytes = 0
        self.taken: int | None = None
        self.pings = 0
        self.is_silent = False
        self.is_behind = False

    def write(self, chunk: Chunk, /) -> None:
        if self.closed_with is None:
            self.messages += [self._read(message) for message in cast("list[bytes]", chunk)]

    def ping(self) -> bool:
        self.pings += 1
        return True

    def heard(self) -> bool:
        return not self.is_silent

    def taken_bytes(self) -> int | None:
        return self.taken

    def limit_messages(self, max_message_bytes: int, *, close_code: int = 1009) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...

    def close(self, code: int, reason: str) -> None:
        self.closed_with = self.closed_with or (code, reason)

    def abort(self) -> None:
        self.closed_with = self.closed_with or (1006, "")

    def take(self) -> list[Any]:
        """The messages written since the last call."""
        taken, self.messages = self.messages, []
        return taken


class TestPolicy:
    """Tokens are names; `old-NAME` has expired, `bad` is refused. `members` has the readers of each channel.

    `gates` holds back the n-th answer, which is computed when asked.
    """

    __test__ = False

    def __init__(self, channels: MemoryChannels) -> None:
        self.channels = channels
        self.members: dict[str, set[str]] = {}
        self.revoked: set[str] = set()
        self.server_channels: list[str] = []
        self.connect_data = b""
        self.connects = 0
        self.connecting: asyncio.Event | None = None
        self.expires_at: float | None = None
        self.reading_until: float | None = None
        self.questions = 0
        self.gates: dict[int, asyncio.Event] = {}
        self.verifying: asyncio.Event | None = None

    async def verify(self, token: str) -> Credentials:
        if self.verifying is not None:
            await self.verifying.wait()
        if token.startswith("old-"):
            raise TokenHasExpired
        if token in ("", "bad"):
            raise TokenRefused if token else TokenMissing
        return Credentials(token, f"session-of-{token}", self.expires_at, b'{"name":"%s"}' % token.encode())

    async def admit(self, credentials: Credentials) -> Credentials:
        if credentials.user_id in self.revoked:
            raise TokenRefused
        return credentials

    def rules(self, channel: str) -> Rules | None:
        if channel.startswith("signal:"):
            return Rules(takes_publish=True, max_publish_bytes=100, publishes_per_minute=5)
        if channel.startswith(("project:", "user:")):
            return Rules(is_recoverable=True, has_patches=True, has_presence=True)
        return None

    def guard(self, channel: str) -> str | None:
        return channel.replace("signal:", "project:") if channel.startswith("signal:") else None

    async def authorize(self, credentials: Credentials, channel: str, token: str) -> float | None:
        self.questions += 1
        may_read = credentials.user_id in self.members.get(
            channel.replace("signal:", "project:"), {credentials.user_id}
        )
        if gate := self.gates.get(self.questions):
            await gate.wait()
        if not may_read:
            raise codes.PERMISSION_DENIED.error()
        if token == "old":
            raise codes.TOKEN_EXPIRED.error()
        return self.reading_until

    def channels_at_connect(self, credentials: Credentials) -> Sequence[str]:
        return self.server_channels

    async def data_at_connect(self, credentials: Credentials) -> bytes:
        self.connects += 1
        if self.connecting is not None:
            await self.connecting.wait()
        return self.connect_data

    async def publish(self, credentials: Credentials, channel: str, data: bytes, info: ClientInfo) -> None:
        self.channels.broker.publish(Publication(channel, data, info=info))

    async def call(self, credentials: Credentials, method: str, data: bytes) -> bytes:
        raise codes.METHOD_NOT_FOUND.error()


class Engine:
    """A running node with the means to use and to disturb it."""

    def __init__(self, node: Node, history: MemoryHistory, policy: TestPolicy, broker: MemoryBroker) -> None:
        self.node = node
        self.hub = node.hub
        self.history = history
        self.policy = policy
        self.broker = broker

    def record(self, channel: str, **data: Any) -> Publication:
        """Commit an event without publishing it."""
        return self.history.append(channel, msgspec.json.encode(data))

    def publish(self, channel: str, **data: Any) -> Publication:
        publication = self.record(channel, **data)
        self.broker.publish(publication)
        return publication

    def session(
        self,
        *,
        token: str = "",
        client_format: ClientFormat = JSON,
        mode: Mode = "bidirectional",
        pings_by_frames: bool = False,
    ) -> tuple[Session, ListTransport]:
        client_format = UNIDIRECTIONAL if mode == "unidirectional" else client_format
        transport = ListTransport(client_format)
        session = Session(self.node, transport, client_format, token=token, mode=mode, pings_by_frames=pings_by_frames)
        return session, transport


@asynccontextmanager
async def running_engine(
    *, limits: Limits | None = None, tail_length: int = 512, history_size: int = 1000
) -> AsyncIterator[Engine]:
    parts = MemoryParts(history=MemoryHistory(size=history_size), tail_length=tail_length)
    async with open_memory_node(TestPolicy, version="test", limits=limits, parts=parts) as node:
        assert isinstance(node.policy, TestPolicy)
        yield Engine(node, parts.history, node.policy, node.policy.channels.broker)
