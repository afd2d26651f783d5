"""Answers to state vectors of clients: what they lack of the document."""

import time

from roomful.link.transport import Chunk
from roomful.rooms.document.replica import Replica
from roomful.rooms.fanout import Fanout
from roomful.rooms.peer import Peer
from roomful.rooms.protocol import yjs
from roomful.rooms.protocol.state import EMPTY_STATE_VECTOR

ASK_SECONDS = 1.0
"""Between two requests to one client for missing changes."""
MAX_CHUNKS = 4
"""Kept for clients that come together: the whole document, framed for different wires."""


class SyncReplies:
    """Answers each SyncStep1 with SyncStep2, and with our own SyncStep1: some clients count on it each time."""

    __slots__ = ("_chunks", "_chunks_version", "_fanout", "_replica")

    def __init__(self, replica: Replica, fanout: Fanout) -> None:
        self._replica = replica
        self._fanout = fanout
        self._chunks: dict[tuple[bytes, str], Chunk] = {}
        self._chunks_version = -1

    def answer(self, peer: Peer, state_vector: bytes) -> None:
        """Send what a client lacks, now or when it has read what is pending. Raises BadUpdate."""
        if peer.behind_since is not None or peer.transport.is_behind:
            self._replica.check(state_vector)
            self._fanout.hold_back(peer, state_vector)
            self.ask(peer)
        elif state_vector in (EMPTY_STATE_VECTOR, b""):
            peer.write_chunk(self._whole(peer))
        else:
            update = self._replica.since(state_vector)
            peer.send(yjs.sync_step_2(update), yjs.sync_step_1(self._replica.state_vector()))

    def ask(self, peer: Peer) -> None:
        """Ask a client for what the room lacks."""
        peer.send(yjs.sync_step_1(self._replica.state_vector()))

    def ask_for_missing(self, peer: Peer) -> None:
        """The same, but at most once in ASK_SECONDS."""
        now = time.monotonic()
        if now - peer.asked_at >= ASK_SECONDS:
            peer.asked_at = now
            self.ask(peer)

    def forget(self) -> None:
        """Drop what is kept for clients that come together."""
        self._chunks.clear()
        self._replica.forget_full()

    def _whole(self, peer: Peer) -> Chunk:
        """The whole document, framed once between two changes."""
        if self._chunks_version != self._replica.version or len(self._chunks) >= MAX_CHUNKS:
            self._chunks.clear()
            self._chunks_version = self._replica.version
        prefix, framing = peer.wire.prefix, peer.transport.framing
        chunk = self._chunks.get((prefix, framing.name))
        if chunk is None:
            step_1 = prefix + yjs.sync_step_1(self._replica.state_vector())
            step_2 = prefix + yjs.sync_step_2(self._replica.full())
            chunk = self._chunks[prefix, framing.name] = framing.frame([step_2, step_1], text=False)
        return chunk
