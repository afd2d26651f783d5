"""The engine: channels with history, recovery and presence for any number of clients, by the rules of a policy.

It needs asyncio, no framework and no database. docs/engine.md shows it in use. Redis adapters are not imported here:
`roomful.realtime.broker.redis`, `roomful.realtime.presence.redis`, `roomful.link.redis_rates`.
"""

from roomful.link.transport import Transport
from roomful.realtime.broker.memory import MemoryBroker
from roomful.realtime.broker.port import Broker
from roomful.realtime.history.memory import MemoryHistory
from roomful.realtime.history.port import History
from roomful.realtime.limits import Limits
from roomful.realtime.node.engine import Adapters, Engine, memory_adapters, open_engine, open_node
from roomful.realtime.node.memory_node import MemoryChannels, MemoryParts, open_memory_node
from roomful.realtime.node.node import Node
from roomful.realtime.policy import Credentials, Policy, Rules, TokenHasExpired, TokenMissing, TokenRefused
from roomful.realtime.presence.memory import MemoryPresence
from roomful.realtime.presence.port import Presence
from roomful.realtime.protocol import codes
from roomful.realtime.protocol.codes import ClientError, Disconnect
from roomful.realtime.protocol.formats import EVENT_SOURCE, JSON, PLAIN, PROTOBUF, UNIDIRECTIONAL
from roomful.realtime.publication import ClientInfo, Position, Publication
from roomful.realtime.session.event_stream import EventStream
from roomful.realtime.session.session import Session

__all__ = [
    "EVENT_SOURCE",
    "JSON",
    "PLAIN",
    "PROTOBUF",
    "UNIDIRECTIONAL",
    "Adapters",
    "Broker",
    "ClientError",
    "ClientInfo",
    "Credentials",
    "Disconnect",
    "Engine",
    "EventStream",
    "History",
    "Limits",
    "MemoryBroker",
    "MemoryChannels",
    "MemoryHistory",
    "MemoryParts",
    "MemoryPresence",
    "Node",
    "Policy",
    "Position",
    "Presence",
    "Publication",
    "Rules",
    "Session",
    "TokenHasExpired",
    "TokenMissing",
    "TokenRefused",
    "Transport",
    "codes",
    "memory_adapters",
    "open_engine",
    "open_memory_node",
    "open_node",
]
