"""The exchange of awareness: gathered for some milliseconds, then sent to a room's clients and to other nodes."""

import asyncio
import time
from collections.abc import Iterator, Sequence

from roomful.rooms.awareness.states import AwarenessStates
from roomful.rooms.broker.port import AwarenessChanged, AwarenessQuery
from roomful.rooms.fanout import Fanout
from roomful.rooms.peer import Peer
from roomful.rooms.protocol import yjs
from roomful.rooms.protocol.awareness import AwarenessEntry, encode
from roomful.rooms.protocol.lib0 import BadMessage
from roomful.rooms.services import RoomServices

FRAME_BYTES = 256 * 1024
"""Of states in one frame: a larger one would hold up the loop and its readers."""


class AwarenessExchange:
    """Sends the changes of some 50 ms in one frame, because clients answer each frame with an echo."""

    __slots__ = ("_document_id", "_fanout", "_flush_at", "_loop", "_services", "_states", "_timer")

    def __init__(self, document_id: str, services: RoomServices, fanout: Fanout) -> None:
        self._document_id = document_id
        self._services = services
        self._fanout = fanout
        self._states = AwarenessStates(services.limits, time.monotonic)
        self._loop = asyncio.get_running_loop()
        self._flush_at = 0.0
        self._timer: asyncio.Handle | None = None

    def ask_others(self) -> None:
        """Ask the other nodes for the states of their clients."""
        self._services.broker.publish(AwarenessQuery(self._document_id))

    def receive(self, peer: Peer, update: bytes) -> bool:
        """Accept a client's states. False if they are not new. Raises BadMessage."""
        self._services.counters.awareness_received += 1
        is_news = self._states.receive(peer, update)
        if is_news:
            self._flush_soon()
        else:
            self._services.counters.awareness_echoed += 1
        return is_news

    def arrived(self, message: AwarenessChanged | AwarenessQuery) -> None:
        """Handle a message of another node."""
        match message:
            case AwarenessQuery():
                self._states.repeat_own()
            case AwarenessChanged():
                try:
                    self._states.receive_from_node(message.node, message.states)
                except BadMessage:
                    self._services.counters.messages_dropped += 1
        self._flush_soon()

    def show(self, peer: Peer) -> None:
        """Send a client all present states. One that is too slow gets them when it has caught up."""
        if peer.behind_since is None:
            for part in _parts(self._states.present()):
                peer.send(yjs.awareness(part))

    def leave(self, peer: Peer) -> None:
        self._states.leave(peer)
        self._flush_soon()

    def expire(self) -> float:
        """Drop states that were not renewed; the seconds until more may expire."""
        seconds = self._states.expire()
        self._flush_soon()
        return seconds

    def close(self) -> None:
        """Send what is still unsent: that this node's clients have gone."""
        self._flush()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _flush_soon(self) -> None:
        if self._timer is None and self._states.has_changes:
            wait = self._flush_at - self._loop.time()
            self._timer = self._loop.call_later(wait, self._flush) if wait > 0 else self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        changes = self._states.take_changes()
        for part in _parts(changes.entries):
            self._fanout.add(yjs.awareness(part), changes.sender, is_update=False)
        for part in _parts(changes.own):
            self._services.broker.publish(AwarenessChanged(self._document_id, self._services.node, part))
        self._flush_at = self._loop.time() + self._services.limits.awareness_seconds


def _parts(entries: Sequence[AwarenessEntry]) -> Iterator[bytes]:
    """Awareness updates with these entries, none much larger than FRAME_BYTES."""
    part: list[AwarenessEntry] = []
    size = 0
    for entry in entries:
        part.append(entry)
        size += len(entry.state)
        if size >= FRAME_BYTES:
            yield encode(part)
            part, size = [], 0
    if part:
        yield encode(part)
