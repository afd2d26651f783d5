"""The broker port: how messages reach the other processes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from roomful.realtime.publication import Hint, Message, NodeMessage

Receive = Callable[[Message | Hint | NodeMessage], None]
"""Takes a message of a subscribed channel. Synchronous: the order of calls is the order of arrival."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerFigures:
    """What a broker between processes has counted since it began."""

    is_reader_up: bool
    published: int
    received: int
    echoed: int
    """Messages of this process that came back, delivered long before."""
    ignored: Mapping[str, int]
    """What came and was no message of ours, by reason."""
    dropped: Mapping[str, int]
    """What was given to be published and was not, by reason."""
    publish_failures: int
    reconnects: Mapping[str, int]
    queued_bytes: int


class Broker(Protocol):
    """Carries messages to every process that has subscribed to their channel, this one included.

    It is a doorbell with contents: it may lose, repeat and reorder messages, and callers repair from the log. What
    it guarantees:

        - a message published in this process reaches this process's receiver before `publish` returns;
        - after `subscribe` has returned True, later messages of other processes arrive unless they are lost;
        - `subscribe` and `unsubscribe` of one channel take effect in the order of their calls;
    - no call takes longer than the adapter's deadline, and none raises because the broker is out of reach.
    """

    def publish(self, message: Message | NodeMessage) -> None:
        """Send a message on. Never waits; a full queue drops the oldest for other processes, and counts it."""

    async def subscribe(self, channel: str) -> bool:
        """Ask for a channel's messages. Idempotent. False: not confirmed yet, the adapter goes on trying."""

    async def unsubscribe(self, channel: str) -> None:
        """End what `subscribe` began. Idempotent."""

    @property
    def figures(self) -> BrokerFigures | None:
        """None for a broker that leads nowhere."""

    @property
    def continuity(self) -> int | None:
        """A number for as long as nothing is known to be lost on the way here; None while nothing comes from others."""

    def is_live(self, node: str) -> bool | None:
        """Whether another node of this name has been heard of just now; None when that can't be told."""

    async def is_healthy(self) -> bool:
        """Whether a message to itself makes its round within a few seconds."""
