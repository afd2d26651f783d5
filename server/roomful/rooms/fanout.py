"""The fan-out of a room: frames one loop turn's messages once, and writes them to every peer."""

import asyncio
from collections.abc import Callable, Iterable
from typing import NamedTuple

from roomful.link.transport import Framing
from roomful.rooms.callbacks import ignore
from roomful.rooms.counters import RoomCounters
from roomful.rooms.peer import Peer
from roomful.rooms.protocol.state import EMPTY_STATE_VECTOR

SECONDS_PER_PEER = 0.00004
"""Pause after a broadcast, per peer (100 peers: 4 ms): other rooms get time, and updates share writes."""
DRAINED_BYTES = 64 * 1024
"""A slow reader is served again when at most this is pending for it."""
DRAIN_POLL_SECONDS = 0.1


class _Item(NamedTuple):
    body: bytes
    sender: Peer | None
    is_update: bool


class _Group:
    """Peers that get the same bytes."""

    __slots__ = ("framing", "peers", "prefix")

    def __init__(self, framing: Framing, prefix: bytes) -> None:
        self.framing = framing
        self.prefix = prefix
        self.peers: dict[Peer, None] = {}


class Fanout:
    """Writes to the peers of one room; all calls are synchronous and made from the loop.

    A peer with too much pending gets nothing more until it has read that, and then one difference in place of all that
    it missed.
    """

    __slots__ = (
        "_behind",
        "_counters",
        "_flush_at",
        "_groups",
        "_items",
        "_loop",
        "_poll",
        "_resync",
        "_state_vector",
        "_timer",
    )

    def __init__(
        self, counters: RoomCounters, *, state_vector: Callable[[], bytes], resync: Callable[[Peer, bytes], None]
    ) -> None:
        """`resync` sends a peer what it lacks since a state vector."""
        self._loop = asyncio.get_running_loop()
        self._counters = counters
        self._state_vector = state_vector
        self._resync = resync
        self._groups: dict[tuple[bytes, str], _Group] = {}
        self._items: list[_Item] = []
        self._behind: dict[Peer, None] = {}
        self._flush_at = 0.0
        self._timer: asyncio.Handle | None = None
        self._poll: asyncio.TimerHandle | None = None

    def join(self, peer: Peer) -> None:
        framing, prefix = peer.transport.framing, peer.wire.prefix
        group = self._groups.get((prefix, framing.name))
        if group is None:
            group = self._groups[prefix, framing.name] = _Group(framing, prefix)
        group.peers[peer] = None

    def leave(self, peer: Peer) -> None:
        key = peer.wire.prefix, peer.transport.framing.name
        group = self._groups.get(key)
        if group is not None:
            group.peers.pop(peer, None)
            if not group.peers:
                del self._groups[key]
        self._behind.pop(peer, None)

    def peers(self) -> Iterable[Peer]:
        return [peer for group in self._groups.values() for peer in group.peers]

    def add(self, body: bytes, sender: Peer | None = None, *, is_update: bool) -> None:
        """Send a message to all but its sender, with the others of this loop turn."""
        self._items.append(_Item(body, sender, is_update))
        if self._timer is None:
            wait = self._flush_at - self._loop.time()
            self._timer = self._loop.call_later(wait, self.flush) if wait > 0 else self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write all messages now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        items, self._items = self._items, []
        if not items:
            return
        senders = {item.sender for item in items if item.sender is not None}
        written = 0
        for group in self._groups.values():
            outlets = [peer.transport for peer in group.peers if peer.behind_since is None and peer not in senders]
            if outlets:
                bodies = [group.prefix + item.body for item in items]
                group.framing.broadcast(group.framing.frame(bodies, text=False), outlets)
                written += len(outlets)
        updates = sum(item.is_update for item in items)
        self._counters.updates_delivered += written * updates
        self._counters.awareness_delivered += written * (len(items) - updates)
        for sender in senders:
            self._write_to_sender(sender, items)
        self._find_those_behind()
        self._flush_at = self._loop.time() + SECONDS_PER_PEER * (written + len(senders))

    def hold_back(self, peer: Peer, state_vector: bytes) -> None:
        """Send nothing until the peer has read what is pending, then what it lacks since this state."""
        peer.behind_since = state_vector
        self._behind[peer] = None
        if self._poll is None:
            self._poll = self._loop.call_later(DRAIN_POLL_SECONDS, self._look_for_drained)

    def close(self) -> None:
        for timer in (self._timer, self._poll):
            if timer is not None:
                timer.cancel()
        self._timer = self._poll = None
        self._items.clear()
        self._groups.clear()
        self._behind.clear()
        self._resync = ignore  # or the room would be in a cycle

    def _write_to_sender(self, sender: Peer, items: list[_Item]) -> None:
        """A client never gets its own update: some take it for the acknowledgement."""
        theirs = [item for item in items if item.sender is not sender]
        if theirs and sender.behind_since is None and not sender.has_ended:
            sender.send(*(item.body for item in theirs))
            updates = sum(item.is_update for item in theirs)
            self._counters.updates_delivered += updates
            self._counters.awareness_delivered += len(theirs) - updates

    def _find_those_behind(self) -> None:
        """Call it while no message waits: every peer has been sent the present state then."""
        state_vector: bytes | None = None
        for group in self._groups.values():
            for peer in group.peers:
                if peer.transport.is_behind and peer.behind_since is None:
                    state_vector = state_vector or self._state_vector()
                    self.hold_back(peer, state_vector)

    def _look_for_drained(self) -> None:
        self._poll = None
        for peer in list(self._behind):
            if peer.transport.pending_bytes <= DRAINED_BYTES:
                del self._behind[peer]
                state_vector, peer.behind_since = peer.behind_since, None
                self._counters.resyncs += 1
                self._resync(peer, state_vector or EMPTY_STATE_VECTOR)
        if self._behind:
            self._poll = self._loop.call_later(DRAIN_POLL_SECONDS, self._look_for_drained)
