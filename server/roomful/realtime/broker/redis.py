"""The broker of a server that runs as several processes: publish and subscribe of Redis."""

import asyncio
import contextlib
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, get_args

from roomful.concurrency.background_loops import BackgroundLoops
from roomful.link.redis_names import RedisNames
from roomful.link.redis_publisher import RedisPublisher
from roomful.link.redis_server import RedisServer
from roomful.link.redis_subscriber import RedisSubscriber
from roomful.link.starts import ReadStarts, Starts
from roomful.realtime.broker.port import BrokerFigures, Receive
from roomful.realtime.broker.redis_envelopes import NODES_CHANNEL, Beat, Reason, RedisEnvelopes, Refused
from roomful.realtime.publication import Message, NodeMessage, Publication

BEAT_SECONDS = 1.0
URGENT_BEAT_SECONDS = 0.2
HEALTHY_SECONDS = 4.0
"""How old the newest beat that came back may be: a dead Redis is seen within 5 s."""
LIVE_SECONDS = 5.0
"""How old the newest beat of another node may be."""
START_SECONDS = 1.0
FLUSH_SECONDS = 0.5


@dataclass(slots=True)
class BrokerCounters:
    received: int = 0
    echoes: int = 0
    refused: Counter[Reason] = field(default_factory=Counter)
    too_big: int = 0


class RedisBroker:
    """Gives a message to this process at once, and to the others through Redis: one connection reads, one publishes.

    Whatever Redis or anybody who can write to it does, this process goes on: an outage costs only what the log can
    give back, and a frame that no node of ours has sealed, or that has come before, is counted and ignored.

    `node` is the name by which others send commands here. `read_starts` tells nodes on the same database from others
    with the same key; without it they are taken for the same.
    """

    def __init__(
        self,
        server: RedisServer,
        receive: Receive,
        *,
        key: bytes,
        names: RedisNames,
        read_starts: ReadStarts | None = None,
        node: str = "",
    ) -> None:
        self._receive = receive
        self.starts = Starts(read_starts)
        self._frames = RedisEnvelopes(key, names=names, starts=self.starts)
        self._node = node
        self._nodes_name = self._frames.name_of(NODES_CHANNEL)
        self._beats: dict[str, float] = {}
        self._stack = AsyncExitStack()
        self.publisher = RedisPublisher(server)
        self.subscriber = RedisSubscriber(server, self._take)
        self.counters = BrokerCounters()

    async def __aenter__(self) -> Self:
        """Connect; when Redis does not answer, go on without it and keep trying."""
        await self.starts.look()
        loops = await self._stack.enter_async_context(BackgroundLoops())
        loops.run("starts", self.starts.run())
        loops.run("redis publisher", self.publisher.run())
        loops.run("redis subscriber", self.subscriber.run())
        loops.run("redis beat", self._beat())
        await self.subscriber.subscribe(self._nodes_name)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                await self.subscriber.has_been_alive.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.publisher.flush(FLUSH_SECONDS)
        await self._stack.aclose()

    def publish(self, message: Message | NodeMessage) -> None:
        self._receive(message)
        frame = self._frames.encode(message)
        if frame is None:
            self.counters.too_big += 1
        else:
            is_signal = isinstance(message, Publication) and message.is_signal
            self.publisher.put(self._frames.name_of(message.channel), frame, is_signal=is_signal)

    async def subscribe(self, channel: str) -> bool:
        return await self.subscriber.subscribe(self._frames.name_of(channel))

    async def unsubscribe(self, channel: str) -> None:
        self.subscriber.unsubscribe(self._frames.name_of(channel))

    @property
    def continuity(self) -> int | None:
        return self.subscriber.continuity

    async def is_healthy(self) -> bool:
        return self._is_reader_up

    def is_live(self, node: str) -> bool | None:
        now = time.monotonic()
        if now - self._beats.get(node, float("-inf")) < LIVE_SECONDS:
            return True
        has_heard_all = self.continuity is not None and now - self.subscriber.linked_at > LIVE_SECONDS
        return False if has_heard_all else None

    @property
    def _is_reader_up(self) -> bool:
        return time.monotonic() - self.subscriber.alive_at < HEALTHY_SECONDS

    @property
    def figures(self) -> BrokerFigures:
        published, subscribed, counters = self.publisher.counters, self.subscriber.counters, self.counters
        return BrokerFigures(
            is_reader_up=self._is_reader_up,
            published=published.published,
            received=counters.received,
            echoed=counters.echoes,
            ignored={reason: counters.refused[reason] for reason in get_args(Reason)},
            dropped={
                "overflow": published.overflowed,
                "signal": published.signals_dropped,
                "outdated": published.outdated,
                "too_big": counters.too_big,
            },
            publish_failures=published.failed,
            reconnects={"publisher": max(0, published.connects - 1), "subscriber": max(0, subscribed.connects - 1)},
            queued_bytes=self.publisher.queued_bytes,
        )

    def _take(self, name: bytes, frame: bytes) -> None:
        if name != self._nodes_name and self._frames.is_own(frame):
            self.counters.echoes += 1  # delivered when it was published
            return
        try:
            received = self._frames.decode(name, frame)
        except Refused as refused:
            self.counters.refused[refused.reason] += 1
            return
        if isinstance(received.content, Beat):
            self._take_beat(received.content.node, is_own=received.is_own)
        else:
            self.counters.received += 1
            self._receive(received.content)

    def _take_beat(self, node: str, *, is_own: bool) -> None:
        if is_own:
            self.subscriber.is_alive()
        else:
            self._beats[node] = time.monotonic()

    async def _beat(self) -> None:
        """Tell all nodes, this one too, that a message of this one makes its round."""
        while True:
            self.publisher.put(self._nodes_name, self._frames.beat(self._node))
            await asyncio.sleep(BEAT_SECONDS if await self.is_healthy() else URGENT_BEAT_SECONDS)
            oldest = time.monotonic() - LIVE_SECONDS
            self._beats = {node: at for node, at in self._beats.items() if at > oldest}
