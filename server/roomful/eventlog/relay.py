"""Committed events on their way to the broker."""

from collections.abc import Sequence

from roomful.realtime.broker.port import Broker
from roomful.realtime.publication import Publication


class Relay:
    """Hands committed events to the broker.

    It keeps no list of what it has sent: an event that a crash, a full queue or a broker outage leaves behind is in
    the log, and every hub compares its channels with the log's heads at least every second (docs/decisions/0003).
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def wake(self, committed: Sequence[Publication]) -> None:
        """Publish events whose transaction has committed. Never waits, never fails: the log already has them."""
        for publication in committed:
            self._broker.publish(publication)
