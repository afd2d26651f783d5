"""The broker port: carries messages between processes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from roomful.realtime.publication import Hint, Message, NodeMessage

Receive = Callable[[Message | Hint | NodeMessage], None]
"""Accepts a message of a subscribed channel. Synchronous: messages are passed in the order in which they came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerFigures:
    """A broker's counters since it began."""

    is_reader_up: bool
    published: int
    received: int
    echoed: int
    """Own messages that came back: they were delivered when they were published."""
    ignored: Mapping[str, int]
    """Received envelopes that were refused, by reason."""
    dropped: Mapping[str, int]
    """Messages that were not published, by reason."""
    publish_failures: int
    reconnects: Mapping[str, int]
    queued_bytes: int


class Broker(Protocol):
    """Carries messages to every process that has subscribed to their channel, this one included.

    It may lose, repeat and reorder messages; callers repair from the log. It guarantees:

    - a message published in this process reaches this process's receiver before `publish` returns;
    - after `subscribe` has returned True, later messages of other processes arrive unless they are lost;
    - `subscribe` and `unsubscribe` of one channel take effect in the order of their calls;
    - no call takes longer than the adapter's deadline, and none raises because the broker is out of reach.
    """

    def publish(self, message: Message | NodeMessage) -> None:
        """Send a message. Never waits; a full queue drops its oldest message to other processes, and counts it."""

    async def subscribe(self, channel: str) -> bool:
        """Ask for a channel's messages. Idempotent. False: not confirmed yet; the adapter keeps trying."""

    async def unsubscribe(self, channel: str) -> None:
        """End what `subscribe` began. Idempotent."""

    @property
    def figures(self) -> BrokerFigures | None:
        """None for a broker without other processes."""

    @property
    def continuity(self) -> int | None:
        """Stays the same number while no message is known to be lost; None while none arrive from other processes."""

    def is_live(self, node: str) -> bool | None:
        """Whether another node of this name has sent a sign of life just now; None when that is unknown."""

    async def is_healthy(self) -> bool:
        """Whether a message to itself came back within the last few seconds."""
