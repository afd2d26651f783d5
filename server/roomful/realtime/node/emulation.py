"""Sessions that hear by a stream and speak by requests of their own, which may reach any node."""

import asyncio
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from roomful.realtime.broker.port import Broker, Receive
from roomful.realtime.delivery.hub import Hub
from roomful.realtime.publication import Ack, ForwardedCommand, Hint, Message, NodeMessage

Take = Callable[[bytes], None]
"""Takes a frame of commands."""

ACK_SECONDS = 2.0
"""For another node to say that it has the commands: SDKs give a command up after 5 s."""
MAX_WAITING = 1_000
"""Requests that wait for receipts at the same time."""
MAX_WAITING_OF_ADDRESS = 100
"""Of these, from one address: the others are left their part when a node has just died, or somebody tries."""
REMEMBERED_NODE_MESSAGES = 4_096
"""A batch that the broker may have lost is sent again: of so many letters it is known that they have come."""

_NODE = re.compile(r"[0-9a-f]{16}")
_MARK_BYTES = 12
_MARK_LENGTH = 16


class UnknownNode(Exception):
    """No node of this name answers, or it has never had this session."""


class OutOfReach(Exception):
    """Other nodes can't be reached now, or too many requests wait for them."""


@dataclass(slots=True)
class EmulationCounters:
    forwarded: int = 0
    unconfirmed: int = 0
    """Commands for a node that has not said in time that it has them."""
    turned_away: int = 0
    """For too many waited, altogether or from the same address."""


class Emulation:
    """Brings the commands of a request to their session, on this node or another.

    Whoever knows a session's key speaks for its client: it is a secret between the two. The node's name is none, and
    says where to look. No sticky sessions are needed: a node that is alive confirms what it has been sent.

    Nobody can make others wait for nodes that they invent: a key bears a mark that only nodes with this `secret` make,
    and where the broker knows which nodes live, no other is waited for.
    """

    def __init__(self, secret: bytes = b"") -> None:
        self.node = secrets.token_hex(8)
        secret = secret or secrets.token_bytes(32)
        self._mark_key = hmac.digest(secret, b"roomful sessions of streams, version 1", "sha256")
        self._sessions: dict[str, Take] = {}
        self._receipts: dict[int, asyncio.Future[None]] = {}
        self._waiting_of: Counter[str] = Counter()
        self._last_number = 0
        self._arrived: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._broker: Broker | None = None
        self.counters = EmulationCounters()

    async def connect(self, broker: Broker) -> None:
        """Name the broker that will call `take`, and ask it for what other nodes send; once, before anything else."""
        self._broker = broker
        await broker.subscribe(_channel(self.node))

    def __len__(self) -> int:
        return len(self._sessions)

    def enter(self, take: Take) -> str:
        """Let requests bring commands to a session: the key that they need."""
        key = secrets.token_urlsafe(18)
        key += self._mark(self.node, key)
        self._sessions[key] = take
        return key

    def leave(self, key: str) -> None:
        """Idempotent."""
        self._sessions.pop(key, None)

    async def deliver(self, node: str, key: str, data: bytes, *, address: str = "") -> None:
        """Give a frame of commands to the session with this key; if it has ended, to nobody.

        Raises UnknownNode, OutOfReach.
        """
        if node == self.node:
            self._give(key, data)
            return
        if not self._is_genuine(node, key):
            raise UnknownNode(node)
        broker = self._known_broker()
        if broker.figures is None or broker.is_live(node) is False:
            raise UnknownNode(node)
        if len(self._receipts) >= MAX_WAITING or (address and self._waiting_of[address] >= MAX_WAITING_OF_ADDRESS):
            self.counters.turned_away += 1
            raise OutOfReach
        self._waiting_of[address] += 1
        try:
            await self._forward(broker, node, key, data)
        finally:
            self._waiting_of[address] -= 1
            if not self._waiting_of[address]:
                del self._waiting_of[address]

    async def _forward(self, broker: Broker, node: str, key: str, data: bytes) -> None:
        """Raises UnknownNode, OutOfReach."""
        self.counters.forwarded += 1
        self._last_number += 1
        number = self._last_number
        receipt = self._receipts[number] = asyncio.get_running_loop().create_future()
        broker.publish(ForwardedCommand(_channel(node), self.node, number, key, data))
        try:
            async with asyncio.timeout(ACK_SECONDS):
                await receipt
        except TimeoutError:
            self.counters.unconfirmed += 1
            raise (UnknownNode(node) if await broker.is_healthy() else OutOfReach) from None
        finally:
            del self._receipts[number]

    def take(self, letter: NodeMessage) -> None:
        """Take what the broker brought, if it is for this node. Never waits."""
        if letter.channel != _channel(self.node):
            return  # our own, on its way out
        match letter:
            case Ack(_, number):
                receipt = self._receipts.get(number)
                if receipt is not None and not receipt.done():
                    receipt.set_result(None)
            case ForwardedCommand(_, sender, number, key, data):
                if (sender, number) not in self._arrived:
                    self._remember(sender, number)
                    self._give(key, data)
                self._known_broker().publish(Ack(_channel(sender), number))

    def _is_genuine(self, node: str, key: str) -> bool:
        """Whether a node with this name, and our secret, has made this key."""
        if not _NODE.fullmatch(node) or not key.isascii():
            return False
        mark = self._mark(node, key[:-_MARK_LENGTH])
        return hmac.compare_digest(key[-_MARK_LENGTH:], mark)

    def _mark(self, node: str, key: str) -> str:
        mark = hmac.digest(self._mark_key, f"{node}\n{key}".encode(), "sha256")[:_MARK_BYTES]
        return urlsafe_b64encode(mark).decode()

    def _give(self, key: str, data: bytes) -> None:
        if (take := self._sessions.get(key)) is not None:
            take(data)

    def _remember(self, sender: str, number: int) -> None:
        self._arrived[sender, number] = None
        if len(self._arrived) > REMEMBERED_NODE_MESSAGES:
            self._arrived.popitem(last=False)

    def _known_broker(self) -> Broker:
        assert self._broker is not None, "connect() comes first"
        return self._broker


def receiver(hub: Hub, emulation: Emulation) -> Receive:
    """What a node does with whatever its broker brings."""

    def receive(message: Message | Hint | NodeMessage) -> None:
        if isinstance(message, NodeMessage):
            emulation.take(message)
        else:
            hub.dispatch(message)

    return receive


def _channel(node: str) -> str:
    return f"commands:{node}"
