"""Emulation: sessions that read a stream, and send commands by separate requests, which may reach any node."""

import asyncio
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from roomful.realtime.broker.port import Broker
from roomful.realtime.publication import Ack, ForwardedCommand, NodeMessage

Receive = Callable[[bytes], None]
"""Accepts a frame of commands."""

ACK_SECONDS = 2.0
"""For another node's ack: SDKs give up on a command after 5 s."""
MAX_WAITING = 1_000
"""Requests that wait for acks at the same time."""
MAX_WAITING_OF_ADDRESS = 100
"""Of these, from one address, so that one client leaves room for others when a node has died."""
REMEMBERED_NODE_MESSAGES = 4_096
"""Recent messages that are recognised when the broker repeats a batch that it may have lost."""

_NODE = re.compile(r"[0-9a-f]{16}")
_MARK_BYTES = 12
_MARK_LENGTH = 16


def new_node_name() -> str:
    return secrets.token_hex(8)


class UnknownNode(Exception):
    """No node of this name answers, or the key is not one of its sessions."""


class OutOfReach(Exception):
    """Other nodes can't be reached now, or too many requests wait for them."""


@dataclass(slots=True)
class EmulationCounters:
    forwarded: int = 0
    unconfirmed: int = 0
    """Commands that got no ack in time."""
    turned_away: int = 0
    """Requests refused because too many waited, in all or from their address."""


class Emulation:
    """Delivers the commands of a request to their session, on this node or another.

    The key of a session is a secret between it and its client; the name of its node is public. No sticky sessions are
    needed: the session's node acknowledges commands that another node has forwarded.

    A request can't wait for an invented node: a key bears a mark that needs the nodes' common `secret`, and where the
    broker knows the live nodes, requests for others fail at once.
    """

    def __init__(self, broker: Broker, *, node: str, secret: bytes = b"") -> None:
        self._broker = broker
        self.node = node
        secret = secret or secrets.token_bytes(32)
        self._mark_key = hmac.digest(secret, b"roomful sessions of streams, version 1", "sha256")
        self._sessions: dict[str, Receive] = {}
        self._acks: dict[int, asyncio.Future[None]] = {}
        self._waiting_of: Counter[str] = Counter()
        self._last_number = 0
        self._arrived: OrderedDict[tuple[str, int], None] = OrderedDict()
        self.counters = EmulationCounters()

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def channel(self) -> str:
        """The broker's channel of this node's messages; they go to `accept`."""
        return _channel(self.node)

    def enter(self, receive: Receive) -> str:
        """Add a session. Returns the key with which requests reach it."""
        key = secrets.token_urlsafe(18)
        key += self._mark(self.node, key)
        self._sessions[key] = receive
        return key

    def leave(self, key: str) -> None:
        """Idempotent."""
        self._sessions.pop(key, None)

    async def deliver(self, node: str, key: str, data: bytes, *, address: str = "") -> None:
        """Pass a frame of commands to the session with this key. Dropped if the session has ended.

        Raises UnknownNode, OutOfReach.
        """
        if node == self.node:
            self._pass_on(key, data)
            return
        if not self._is_genuine(node, key):
            raise UnknownNode(node)
        if self._broker.figures is None or self._broker.is_live(node) is False:
            raise UnknownNode(node)
        if len(self._acks) >= MAX_WAITING or (address and self._waiting_of[address] >= MAX_WAITING_OF_ADDRESS):
            self.counters.turned_away += 1
            raise OutOfReach
        self._waiting_of[address] += 1
        try:
            await self._forward(node, key, data)
        finally:
            self._waiting_of[address] -= 1
            if not self._waiting_of[address]:
                del self._waiting_of[address]

    async def _forward(self, node: str, key: str, data: bytes) -> None:
        """Raises UnknownNode, OutOfReach."""
        self.counters.forwarded += 1
        self._last_number += 1
        number = self._last_number
        ack = self._acks[number] = asyncio.get_running_loop().create_future()
        self._broker.publish(ForwardedCommand(_channel(node), self.node, number, key, data))
        try:
            async with asyncio.timeout(ACK_SECONDS):
                await ack
        except TimeoutError:
            self.counters.unconfirmed += 1
            raise (UnknownNode(node) if await self._broker.is_healthy() else OutOfReach) from None
        finally:
            del self._acks[number]

    def accept(self, message: NodeMessage) -> None:
        """Handle a message from the broker, unless it is for another node. Never waits."""
        if message.channel != self.channel:
            return  # our own, on its way out
        match message:
            case Ack(_, number):
                ack = self._acks.get(number)
                if ack is not None and not ack.done():
                    ack.set_result(None)
            case ForwardedCommand(_, sender, number, key, data):
                if (sender, number) not in self._arrived:
                    self._remember(sender, number)
                    self._pass_on(key, data)
                self._broker.publish(Ack(_channel(sender), number))

    def _is_genuine(self, node: str, key: str) -> bool:
        """Whether the node of this name made this key, with our secret."""
        if not _NODE.fullmatch(node) or not key.isascii():
            return False
        mark = self._mark(node, key[:-_MARK_LENGTH])
        return hmac.compare_digest(key[-_MARK_LENGTH:], mark)

    def _mark(self, node: str, key: str) -> str:
        mark = hmac.digest(self._mark_key, f"{node}\n{key}".encode(), "sha256")[:_MARK_BYTES]
        return urlsafe_b64encode(mark).decode()

    def _pass_on(self, key: str, data: bytes) -> None:
        if (receive := self._sessions.get(key)) is not None:
            receive(data)

    def _remember(self, sender: str, number: int) -> None:
        self._arrived[sender, number] = None
        if len(self._arrived) > REMEMBERED_NODE_MESSAGES:
            self._arrived.popitem(last=False)


def _channel(node: str) -> str:
    return f"commands:{node}"
