"""The sealed link to Redis, over which the nodes of one installation exchange messages of any kind."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import msgspec

from roomful.concurrency.background_loops import BackgroundLoops
from roomful.link.envelopes import MAX_CONTENT_BYTES, EnvelopeRefused, Envelopes, Reason
from roomful.link.redis_names import RedisNames
from roomful.link.redis_publisher import RedisPublisher
from roomful.link.redis_server import RedisServer
from roomful.link.redis_subscriber import RedisSubscriber
from roomful.link.starts import ReadStarts, Starts

BEAT_SECONDS = 1.0
URGENT_BEAT_SECONDS = 0.2
HEALTHY_SECONDS = 4.0
"""The greatest age of the newest own beat that came back: a dead Redis is noticed within 5 s."""
LIVE_SECONDS = 5.0
"""The greatest age of a live node's newest beat."""
START_SECONDS = 1.0
FLUSH_SECONDS = 0.5

MAX_KEPT_BYTES = 1024 * 1024
"""Of messages of unknown nodes, kept until the next read of the starts. Those beyond are refused at once."""

BEATS = "nodes"
"""Carries a beat of every node once a second. The name of a channel that no project has."""


class Malformed(Exception):
    """A content that a node has sealed, but in a form of another version."""


OnContent = Callable[[bytes], None]
"""Handles a content of another node. Synchronous. Raises Malformed."""


class _Beat(msgspec.Struct, tag="beat", tag_field="kind", array_like=True, frozen=True, gc=False):
    place: str
    node: str


@dataclass(slots=True)
class LinkCounters:
    received: int = 0
    echoes: int = 0
    """Own messages that came back."""
    refused: Counter[Reason] = field(default_factory=Counter)


class SealedRedis:
    """One connection that reads and one that publishes, for all parts of a process.

    Neither an outage of Redis nor a writer of it stops this process: an outage loses messages, and an envelope that no
    node of this installation sealed, or that came before, is counted and ignored. What an unknown node sends waits
    until the starts are read again, so that nothing of a node that has just started is lost.

    `node` is this node's name for the others. `read_starts` tells the nodes of this database from others with the same
    key; without it all are taken for nodes of this one.
    """

    def __init__(
        self,
        server: RedisServer,
        *,
        key: bytes,
        names: RedisNames,
        read_starts: ReadStarts | None = None,
        node: str = "",
    ) -> None:
        self.server = server
        self.names = names
        self.node = node
        self.starts = Starts(read_starts)
        self._envelopes = Envelopes(key, starts=self.starts)
        self._handlers: dict[bytes, OnContent] = {}  # by kind
        self._beats_place = names.of("channel", BEATS)
        self._beats: dict[str, float] = {}
        self._kept: list[tuple[bytes, bytes]] = []
        self._kept_bytes = 0
        self._beat_encoder = msgspec.msgpack.Encoder()
        self._beat_decoder = msgspec.msgpack.Decoder(_Beat)
        self._stack = AsyncExitStack()
        self.publisher = RedisPublisher(server)
        self.subscriber = RedisSubscriber(server, self._on_envelope)
        self.counters = LinkCounters()

    async def __aenter__(self) -> Self:
        """Connect. When Redis does not answer, go on without it and keep trying."""
        await self.starts.look()
        loops = await self._stack.enter_async_context(BackgroundLoops())
        loops.run("starts", self._read_starts())
        loops.run("redis publisher", self.publisher.run())
        loops.run("redis subscriber", self.subscriber.run())
        loops.run("redis beat", self._beat())
        await self.subscriber.subscribe(self._beats_place)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                await self.subscriber.has_been_alive.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.publisher.flush(FLUSH_SECONDS)
        await self._stack.aclose()

    def put(self, place: bytes, content: bytes, *, is_signal: bool = False) -> bool:
        """Send a content to the other nodes that are subscribed to a place. Never waits. False: it is too large.

        A full queue drops its oldest message; it refuses signals long before that.
        """
        if len(content) > MAX_CONTENT_BYTES:
            return False
        self.publisher.put(place, self._envelopes.seal(place, content), is_signal=is_signal)
        return True

    def listen(self, kind: str, on_content: OnContent) -> None:
        """Set the handler of contents for places of a kind; once, before subscribing to any."""
        self._handlers[kind.encode()] = on_content

    async def subscribe(self, place: bytes) -> bool:
        """Get what others send to a place. Idempotent. False: not confirmed yet; the link keeps trying."""
        return await self.subscriber.subscribe(place)

    def unsubscribe(self, place: bytes) -> None:
        """Idempotent."""
        self.subscriber.unsubscribe(place)

    @property
    def continuity(self) -> int | None:
        """Stays the same number while no message is known to be lost; None while none arrive."""
        return self.subscriber.continuity

    @property
    def is_reader_up(self) -> bool:
        """Whether a message of this node to itself came back a moment ago."""
        return time.monotonic() - self.subscriber.alive_at < HEALTHY_SECONDS

    def is_live(self, node: str) -> bool | None:
        """Whether another node of this name has sent a beat just now; None when that is unknown."""
        now = time.monotonic()
        if now - self._beats.get(node, float("-inf")) < LIVE_SECONDS:
            return True
        has_heard_all = self.continuity is not None and now - self.subscriber.linked_at > LIVE_SECONDS
        return False if has_heard_all else None

    async def _read_starts(self) -> None:
        """Read the starts of nodes for ever, and after each read what unknown nodes have sent before it."""
        while True:
            await self.starts.look_when_due()
            kept, self._kept, self._kept_bytes = self._kept, [], 0
            for place, envelope in kept:
                self._on_envelope(place, envelope, has_waited=True)

    def _on_envelope(self, place: bytes, envelope: bytes, *, has_waited: bool = False) -> None:
        is_beat = place == self._beats_place
        is_own = self._envelopes.is_own(envelope)
        if is_own and not is_beat:
            self.counters.echoes += 1
            return
        try:
            content = self._envelopes.open(place, envelope, is_beat=is_beat)
            if is_beat:
                self._on_beat(content, is_own=is_own)
            else:
                self._handlers[self.names.kind_of(place)](content)
                self.counters.received += 1
        except EnvelopeRefused as refused:
            if refused.reason == "stranger" and not has_waited and self._kept_bytes < MAX_KEPT_BYTES:
                self._kept.append((place, envelope))
                self._kept_bytes += len(envelope)
            else:
                self.counters.refused[refused.reason] += 1
        except Malformed:
            self.counters.refused["malformed"] += 1

    def _on_beat(self, content: bytes, *, is_own: bool) -> None:
        if is_own:
            self.subscriber.confirm_alive()
            return
        try:
            beat = self._beat_decoder.decode(content)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Malformed from error
        self._beats[beat.node] = time.monotonic()

    async def _beat(self) -> None:
        """Send a beat to all nodes for ever, this one too: it shows that messages arrive."""
        content = self._beat_encoder.encode(_Beat(BEATS, self.node))
        while True:
            self.put(self._beats_place, content)
            await asyncio.sleep(BEAT_SECONDS if self.is_reader_up else URGENT_BEAT_SECONDS)
            oldest = time.monotonic() - LIVE_SECONDS
            self._beats = {node: at for node, at in self._beats.items() if at > oldest}
