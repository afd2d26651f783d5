"""A document that is open on this node: its replica, its clients, and what they write."""

import time
from collections.abc import Callable, Collection

from roomful.rooms import codes
from roomful.rooms.awareness.exchange import AwarenessExchange
from roomful.rooms.broker.port import RowStored
from roomful.rooms.codes import AdmissionRefused, Ending
from roomful.rooms.document.replica import Replica
from roomful.rooms.document.sync_replies import SyncReplies
from roomful.rooms.document.update_intake import UpdateIntake
from roomful.rooms.fanout import Fanout
from roomful.rooms.peer import Peer
from roomful.rooms.protocol import yjs
from roomful.rooms.rows.stored_rows import StoredRows
from roomful.rooms.rows.writer import Writer
from roomful.rooms.services import RoomServices
from roomful.rooms.store.port import Head, Reason, Refused, UnknownDocument

PUBLISHED_BYTES = 256 * 1024
"""A larger row is read from the store by the other nodes."""

_ENDINGS: dict[Reason, Ending] = {
    "deleted": codes.DELETED,
    "read_only": codes.RESET,  # everybody may come back, and read
    "too_large": codes.TOO_BIG,
    "replaced": codes.REPLACED,
}


class Room:
    """Handles each client's messages in order, and sends their changes to the other clients at once.

    Acknowledgements, and messages to other nodes, are sent when the change is stored. A bad message ends the connection
    of its client, never the room. All but `open` is synchronous.
    """

    def __init__(
        self,
        document_id: str,
        services: RoomServices,
        replica: Replica,
        head: Head,
        *,
        on_closed: "Callable[[Room], None]",
    ) -> None:
        self.document_id = document_id
        self._services = services
        self._limits = services.limits
        self._counters = services.counters
        self._on_closed = on_closed
        self._replica = replica
        self._fanout = Fanout(services.counters, state_vector=replica.state_vector, resync=self._resync)
        self._sync = SyncReplies(replica, self._fanout)
        self.rows = StoredRows(
            services.store,
            document_id,
            head,
            counters=services.counters,
            task_scope=services.task_scope,
            apply=lambda updates: self._intake.apply_rows(updates),
            own_row=lambda: self.writer.in_flight_settled(),
            end_room=self.end,
        )
        self.writer = Writer(
            services.store,
            head,
            document_id,
            limits=services.limits,
            counters=services.counters,
            task_scope=services.task_scope,
            slots=services.append_slots,
            on_stored=self._stored,
            on_refused=self._refused,
            on_failing=lambda: self.end_peers(codes.STORE_FAILING),
        )
        self.awareness = AwarenessExchange(document_id, services, self._fanout)
        self._peers: dict[Peer, None] = {}
        self._intake = UpdateIntake(
            document_id,
            services,
            replica,
            writer=self.writer,
            fanout=self._fanout,
            sync=self._sync,
            rows=self.rows,
        )
        self._unload_at: float | None = time.monotonic() + self._limits.unload_seconds
        """Set while nobody is here."""
        self.is_closed = False
        self.is_stopping = False
        """Takes no updates any more; clients keep what is not acknowledged."""
        self._keep_alive_at = time.monotonic() + self._limits.keep_alive_seconds
        services.counters.rooms += 1
        services.wheel.put(self, self._limits.keep_alive_seconds)
        self.awareness.ask_others()

    @classmethod
    async def open(cls, document_id: str, services: RoomServices, *, on_closed: "Callable[[Room], None]") -> "Room":
        """Load a document. `on_closed` is called when the room ends by itself.

        Raises UnknownDocument, StoreUnavailable; nothing is left behind then.
        """
        began_at = time.monotonic()
        loaded = await services.store.load(document_id)
        replica = Replica()
        try:
            failed = await replica.load(loaded.state, [row.update for row in loaded.rows])
        except BaseException:
            replica.close()
            raise
        services.counters.loads += 1
        services.counters.load_seconds += time.monotonic() - began_at
        room = cls(document_id, services, replica, loaded.head, on_closed=on_closed)
        room._intake.count_unreadable(failed)
        return room

    @property
    def peers(self) -> Collection[Peer]:
        return self._peers.keys()

    def join(self, peer: Peer, generation: str) -> None:
        """Let a client in. Raises AdmissionRefused."""
        if generation and generation != self.rows.generation:
            raise AdmissionRefused(codes.REPLACED)
        if (ending := self.refuses()) is not None:
            raise AdmissionRefused(ending)
        self._peers[peer] = None
        self._fanout.join(peer)
        self._counters.connections += 1
        if self._unload_at is not None:
            self._unload_at = None
            self._services.left_rooms.discard(self)
            self._keep_alive_at = time.monotonic() + self._limits.keep_alive_seconds
            self._services.wheel.put(self, self._limits.keep_alive_seconds)

    def refuses(self) -> Ending | None:
        """Why new clients are refused now, if they are."""
        if self.writer.is_failing:
            return codes.STORE_FAILING
        return codes.FULL if len(self._peers) >= self._limits.connections_per_document else None

    def greet(self, peer: Peer) -> None:
        """Send a new client the awareness states of the others."""
        self.awareness.show(peer)

    def leave(self, peer: Peer) -> None:
        """A client has gone. Idempotent."""
        if peer not in self._peers:
            return
        del self._peers[peer]
        peer.leave()
        self._fanout.leave(peer)
        self._intake.leave(peer)
        self.awareness.leave(peer)
        self._counters.connections -= 1
        if not self._peers and not self.is_closed:
            self._unload_at = time.monotonic() + self._limits.unload_seconds
            self._services.wheel.put(self, self._limits.unload_seconds)
            self._services.left_rooms.add(self)

    def receive(self, peer: Peer, message: yjs.YjsMessage) -> bool:
        """Handle a client's message. False: it was an echo, which does not count against its rate.

        Raises BadMessage, BadUpdate, AdmissionRefused, which end its connection.
        """
        if self.is_closed or peer.has_ended:
            return True
        match message:
            case yjs.SyncStep1():
                self._sync.answer(peer, message.state_vector)
            case yjs.SyncUpdate():
                if not self.is_stopping:
                    self._intake.receive(peer, message)
            case yjs.Awareness():
                return self.awareness.receive(peer, message.update)
            case yjs.QueryAwareness():
                self.awareness.show(peer)
            case yjs.Unknown():
                self._counters.refused["unknown message"] += 1
        return True

    def end_peer(self, peer: Peer, ending: Ending) -> None:
        """End a client's connection, and tell it why. Nothing more is sent to it."""
        if peer in self._peers and not peer.has_ended:
            self._fanout.leave(peer)
            peer.end(ending)
            self.leave(peer)

    def end_peers(self, ending: Ending, *, of: Callable[[Peer], bool] = lambda _: True) -> None:
        """End the connections of these clients, by default of all."""
        for peer in [peer for peer in self._peers if of(peer)]:
            self.end_peer(peer, ending)

    def set_may_write(self, user_id: str, *, may_write: bool) -> None:
        """A client that may write now is asked for what was refused before: nothing else might bring it."""
        for peer in self._peers:
            if peer.grant.user_id == user_id:
                peer.set_may_write(may_write)
                if may_write and peer.was_refused:
                    peer.was_refused = False
                    self._sync.ask(peer)

    def let_nobody_write(self) -> None:
        for peer in self._peers:
            peer.set_may_write(False)

    def end(self, ending: Ending) -> None:
        """End every connection, and drop the room: the next client loads it again. Idempotent."""
        if not self.is_closed:
            self.is_closed = True
            self._on_closed(self)
            self.end_peers(ending)
            self.close()

    def close(self) -> None:
        """Release everything, and drop what is not stored. Idempotent.

        Afterwards no part refers to the room, so its memory is free at once (`callbacks`).
        """
        self.is_closed = True
        if self._replica.is_closed:
            return
        self._services.wheel.remove(self)
        self._services.left_rooms.discard(self)
        self.writer.close()
        self.rows.close()
        self.awareness.close()
        self._fanout.close()
        self._replica.close()
        self._sync.forget()
        self._counters.rooms -= 1

    def unload_soon(self) -> None:
        """Drop the room unless somebody comes: too many others were left after it."""
        if self._unload_at is not None:
            self._unload_at = time.monotonic()
            self._services.wheel.put(self, 0)

    def due(self, now: float) -> float | None:
        """Called by the timer wheel."""
        if self._unload_at is not None:
            return self._unload_when_left(self._unload_at - now)
        if now >= self._keep_alive_at:
            self._keep_alive_at = now + self._limits.keep_alive_seconds
            self._sync.forget()
            self._fanout.add(yjs.KEEP_ALIVE, is_update=False)
        return min(self._keep_alive_at - now, self.awareness.expire())

    def _unload_when_left(self, seconds: float) -> float | None:
        self._sync.forget()
        if seconds > 0 or not self.writer.is_idle:
            return max(seconds, 1.0)
        self._on_closed(self)
        self.close()
        self._counters.unloads += 1
        return None

    def _resync(self, peer: Peer, state_vector: bytes) -> None:
        """Send a client that was too slow what it has missed."""
        peer.send(yjs.sync_step_2(self._replica.since(state_vector)))
        self.awareness.show(peer)

    def _stored(self, head: Head, update: bytes) -> None:
        self.rows.stored_here(head.number)
        published = update if len(update) <= PUBLISHED_BYTES else b""
        self._services.broker.publish(RowStored(self.document_id, head.generation, head.number, published))

    def _refused(self, refused: Refused | UnknownDocument) -> None:
        self.end(_ENDINGS[refused.reason] if isinstance(refused, Refused) else codes.DELETED)
