"""The broker for several processes, over Redis publish and subscribe."""

from typing import get_args

from roomful.link.envelopes import Reason
from roomful.link.redis_names import RememberedNames
from roomful.link.sealed_redis import SealedRedis
from roomful.realtime.broker import redis_messages
from roomful.realtime.broker.port import BrokerFigures, Receive
from roomful.realtime.publication import Message, NodeMessage, Publication

KIND = "channel"


class RedisBroker:
    """Delivers a message to this process at once, and to the others through Redis.

    An outage loses messages, which subscribers then read from the log.
    """

    def __init__(self, link: SealedRedis, receive: Receive) -> None:
        self.link = link
        self._receive = receive
        self._places = RememberedNames(link.names, KIND)
        link.listen(KIND, self._on_content)
        self.too_big = 0

    def publish(self, message: Message | NodeMessage) -> None:
        self._receive(message)
        content = redis_messages.encode(message)
        is_signal = isinstance(message, Publication) and message.is_signal
        if content is None or not self.link.put(self._places.of(message.channel), content, is_signal=is_signal):
            self.too_big += 1

    async def subscribe(self, channel: str) -> bool:
        return await self.link.subscribe(self._places.of(channel))

    async def unsubscribe(self, channel: str) -> None:
        self.link.unsubscribe(self._places.of(channel))

    @property
    def continuity(self) -> int | None:
        return self.link.continuity

    async def is_healthy(self) -> bool:
        return self.link.is_reader_up

    def is_live(self, node: str) -> bool | None:
        return self.link.is_live(node)

    @property
    def figures(self) -> BrokerFigures:
        """The link's, which all parts of the process share."""
        link = self.link
        published, counters = link.publisher.counters, link.counters
        return BrokerFigures(
            is_reader_up=link.is_reader_up,
            published=published.published,
            received=counters.received,
            echoed=counters.echoes,
            ignored={reason: counters.refused[reason] for reason in get_args(Reason)},
            dropped={
                "overflow": published.overflowed,
                "signal": published.signals_dropped,
                "outdated": published.outdated,
                "too_big": self.too_big,
            },
            publish_failures=published.failed,
            reconnects={
                "publisher": max(0, published.connects - 1),
                "subscriber": max(0, link.subscriber.connects - 1),
            },
            queued_bytes=link.publisher.queued_bytes,
        )

    def _on_content(self, content: bytes) -> None:
        self._receive(redis_messages.decode(content))
