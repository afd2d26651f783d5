"""The counters of delivery, for the metrics."""

from dataclasses import dataclass, field

from roomful.realtime.delivery.channel import ChannelCounters
from roomful.realtime.delivery.fanout import FanoutCounters


@dataclass(slots=True)
class HubCounters:
    channel: ChannelCounters = field(default_factory=ChannelCounters)
    fanout: FanoutCounters = field(default_factory=FanoutCounters)
    log_reads: int = 0
    repairs: int = 0
    resets: int = 0
    reconciles_failed: int = 0
