"""Sessions that hear by a stream and speak by requests of their own, which may reach any node."""

import asyncio
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from server.realtime.broker import Broker, Receive
from server.realtime.hub import Hub
from server.realtime.publication import Forwarded, Hint, Letter, Message, Receipt

Take = Callable[[bytes], None]
"""Takes a frame of commands."""

RECEIPT_SECONDS = 2.0
"""For another node to say that it has the commands: SDKs give a command up after 5 s."""
MAX_WAITING = 1_000
"""Requests that wait for receipts at the same time."""
REMEMBERED_LETTERS = 4_096
"""A batch that the broker may have lost is sent again: of so many letters it is known that they have come."""

_NODE = re.compile(r"[0-9a-f]{16}")


class UnknownNode(Exception):
    """No node of this name answers."""


class OutOfReach(Exception):
    """Other nodes can't be reached now, or too many requests wait for them."""


@dataclass(slots=True)
class EmulationCounters:
    forwarded: int = 0
    unconfirmed: int = 0
    """Commands for a node that has not said in time that it has them."""
    turned_away: int = 0
    """For too many waited."""


class Emulation:
    """Brings the commands of a request to their session, on this node or another.

    Whoever knows a session's key speaks for its client: it is a secret between the two. The node's name is none, and
    says where to look. No sticky sessions are needed, and none of the nodes keeps a list of the others: one that is
    alive confirms what it has been sent.
    """

    def __init__(self) -> None:
        self.node = secrets.token_hex(8)
        self._sessions: dict[str, Take] = {}
        self._receipts: dict[int, asyncio.Future[None]] = {}
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
        self._sessions[key] = take
        return key

    def leave(self, key: str) -> None:
        """Idempotent."""
        self._sessions.pop(key, None)

    async def deliver(self, node: str, key: str, data: bytes) -> None:
        """Give a frame of commands to the session with this key; if it has ended, to nobody.

        Raises UnknownNode, OutOfReach.
        """
        if node == self.node:
            self._give(key, data)
            return
        broker = self._known_broker()
        if broker.figures is None or not _NODE.fullmatch(node):
            raise UnknownNode(node)
        if len(self._receipts) >= MAX_WAITING:
            self.counters.turned_away += 1
            raise OutOfReach
        self.counters.forwarded += 1
        self._last_number += 1
        number = self._last_number
        receipt = self._receipts[number] = asyncio.get_running_loop().create_future()
        broker.publish(Forwarded(_channel(node), self.node, number, key, data))
        try:
            async with asyncio.timeout(RECEIPT_SECONDS):
                await receipt
        except TimeoutError:
            self.counters.unconfirmed += 1
            raise (UnknownNode(node) if await broker.is_healthy() else OutOfReach) from None
        finally:
            del self._receipts[number]

    def take(self, letter: Letter) -> None:
        """Take what the broker brought, if it is for this node. Never waits."""
        if letter.channel != _channel(self.node):
            return  # our own, on its way out
        match letter:
            case Receipt(_, number):
                receipt = self._receipts.get(number)
                if receipt is not None and not receipt.done():
                    receipt.set_result(None)
            case Forwarded(_, sender, number, key, data):
                if (sender, number) not in self._arrived:
                    self._remember(sender, number)
                    self._give(key, data)
                self._known_broker().publish(Receipt(_channel(sender), number))

    def _give(self, key: str, data: bytes) -> None:
        if (take := self._sessions.get(key)) is not None:
            take(data)

    def _remember(self, sender: str, number: int) -> None:
        self._arrived[sender, number] = None
        if len(self._arrived) > REMEMBERED_LETTERS:
            self._arrived.popitem(last=False)

    def _known_broker(self) -> Broker:
        assert self._broker is not None, "connect() comes first"
        return self._broker


def receiver(hub: Hub, emulation: Emulation) -> Receive:
    """What a node does with whatever its broker brings."""

    def receive(message: Message | Hint | Letter) -> None:
        if isinstance(message, Letter):
            emulation.take(message)
        else:
            hub.dispatch(message)

    return receive


def _channel(node: str) -> str:
    return f"commands:{node}"
