"""The awareness states of a room's clients, on this node and on others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from roomful.rooms.awareness.stamp import stamped, stamped_user_id
from roomful.rooms.limits import RoomLimits
from roomful.rooms.peer import Peer
from roomful.rooms.protocol.awareness import GONE, AwarenessEntry, decode

TOMBSTONE_SECONDS = 60.0
"""A client that has left is remembered this long: others still send its states as echoes."""
MAX_CLIENTS = 10_000
"""In a room, with remembered ones and those of other nodes. New clients beyond it are not shown."""


@dataclass(slots=True)
class _Client:
    clock: int
    state: bytes
    user_id: str
    owner: Peer | None
    """The connection that it belongs to, if it is connected to this node."""
    node: str
    """The node that it is connected to; empty for this one."""
    renewed_at: float


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes for the room's clients, and `own` for the other nodes. `sender` is set if all come from one peer."""

    entries: Sequence[AwarenessEntry]
    own: Sequence[AwarenessEntry]
    sender: Peer | None


class AwarenessStates:
    """Keeps the newest state of each Yjs client id, and the connection that may change it.

    An id belongs to the connection that introduced it, or to a later one of the same person. States of it that others
    send are echoes, and ignored. A state carries the name of its connection's person.
    """

    __slots__ = ("_changed", "_clients", "_clock", "_limits", "_own_changed")

    def __init__(self, limits: RoomLimits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._clients: dict[int, _Client] = {}
        self._changed: dict[int, None] = {}
        self._own_changed: dict[int, None] = {}

    @property
    def has_changes(self) -> bool:
        return bool(self._changed or self._own_changed)

    def receive(self, peer: Peer, update: bytes) -> bool:
        """Accept a client's states. False if they are not new. Raises BadMessage."""
        is_news = False
        for entry in decode(update):
            known = self._clients.get(entry.client_id)
            if known is not None and not _is_newer(entry, known):
                continue
            if known is not None and known.owner is not peer and known.user_id != peer.grant.user_id:
                continue
            is_news = self._accept(peer, entry, known) or is_news
        return is_news

    def receive_from_node(self, node: str, update: bytes) -> None:
        """Accept the states of another node's clients. Raises BadMessage."""
        for client_id, clock, state in decode(update):
            known = self._clients.get(client_id)
            if known is not None and not _is_newer(AwarenessEntry(client_id, clock, state), known):
                continue
            if known is None:
                if state == GONE or len(self._clients) >= MAX_CLIENTS:
                    continue
                user_id = stamped_user_id(state)
            else:
                user_id = known.user_id
                if state != GONE and stamped_user_id(state) != user_id:
                    continue
                self._release(known)
            self._clients[client_id] = _Client(clock, state, user_id, None, node, self._clock())
            self._changed[client_id] = None

    def leave(self, peer: Peer) -> None:
        """Remove the clients of a connection that has ended."""
        if peer.awareness_ids:
            for client_id, client in self._clients.items():
                if client.owner is peer:
                    self._remove(client_id, client)

    def expire(self) -> float:
        """Drop the clients that were not renewed in time, and forget those that left long ago.

        Returns the seconds until the next one may expire.
        """
        now = self._clock()
        seconds = timeout = self._limits.awareness_timeout_seconds
        for client_id, client in list(self._clients.items()):
            age = now - client.renewed_at
            if client.state != GONE and age < timeout:
                seconds = min(seconds, timeout - age)
            elif client.state != GONE:
                self._remove(client_id, client)
            elif age >= TOMBSTONE_SECONDS:
                del self._clients[client_id]
        return seconds

    def take_changes(self) -> Changes:
        """The changes since the last call: the latest state of each client, once."""
        changed = [client_id for client_id in self._changed if client_id in self._clients]
        own = [client_id for client_id in self._own_changed if client_id in self._clients]
        self._changed.clear()
        self._own_changed.clear()
        owners = {self._clients[client_id].owner for client_id in changed}
        return Changes(
            [self._entry(client_id) for client_id in changed],
            [self._entry(client_id) for client_id in own],
            owners.pop() if len(owners) == 1 else None,
        )

    def present(self) -> Sequence[AwarenessEntry]:
        """The states of all present clients, for a new one."""
        return [self._entry(client_id) for client_id, client in self._clients.items() if client.state != GONE]

    def repeat_own(self) -> None:
        """Mark this node's clients as changed: another node asks for them."""
        for client_id, client in self._clients.items():
            if client.owner is not None:
                self._own_changed[client_id] = None

    def _accept(self, peer: Peer, entry: AwarenessEntry, known: _Client | None) -> bool:
        """Store a peer's state. False if it exceeds a limit, or is no state."""
        if entry.state == GONE:
            if known is None:
                return False
            self._remove(entry.client_id, known, clock=entry.clock)
            return True
        if known is None and len(self._clients) >= MAX_CLIENTS:
            return False
        held = len(known.state) if known is not None and known.owner is peer else 0
        is_new = not held
        if is_new and peer.awareness_ids >= self._limits.awareness_ids:
            return False
        if peer.awareness_bytes - held + len(entry.state) > self._limits.awareness_bytes:
            return False
        state = stamped(entry.state, peer.grant)
        if state is None:
            return False
        if known is not None:
            self._release(known)
        peer.awareness_ids += 1
        peer.awareness_bytes += len(state)
        self._clients[entry.client_id] = _Client(entry.clock, state, peer.grant.user_id, peer, "", self._clock())
        self._mark(entry.client_id)
        return True

    def _remove(self, client_id: int, client: _Client, *, clock: int | None = None) -> None:
        """Leave a tombstone, by default at the same clock, which clients accept."""
        is_own = client.owner is not None
        self._release(client)
        client.clock = client.clock if clock is None else clock
        client.state = GONE
        client.renewed_at = self._clock()
        self._changed[client_id] = None
        if is_own:
            self._own_changed[client_id] = None

    def _release(self, client: _Client) -> None:
        if client.owner is not None:
            client.owner.awareness_ids -= 1
            client.owner.awareness_bytes -= len(client.state)
            client.owner = None

    def _mark(self, client_id: int) -> None:
        self._changed[client_id] = None
        self._own_changed[client_id] = None

    def _entry(self, client_id: int) -> AwarenessEntry:
        client = self._clients[client_id]
        return AwarenessEntry(client_id, client.clock, client.state)


def _is_newer(entry: AwarenessEntry, known: _Client) -> bool:
    """As in y-protocols: a later clock, or at the same one a client that has left."""
    if entry.clock == known.clock:
        return entry.state == GONE and known.state != GONE
    return entry.clock > known.clock
