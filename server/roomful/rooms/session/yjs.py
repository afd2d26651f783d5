"""A client that speaks y-websocket: one socket, one document."""

import asyncio
import math
import time

from roomful.link.transport import Transport
from roomful.rooms import codes
from roomful.rooms.codes import AdmissionRefused, Ending
from roomful.rooms.document.replica import BadUpdate
from roomful.rooms.document.room import Room
from roomful.rooms.grant import Grant
from roomful.rooms.peer import Peer
from roomful.rooms.policy import Policy
from roomful.rooms.protocol import yjs
from roomful.rooms.protocol.lib0 import BadMessage
from roomful.rooms.protocol.yjs import YjsWire
from roomful.rooms.registry import Overtaken, Rooms
from roomful.rooms.session.liveness import Liveness
from roomful.rooms.session.reading import Reading

MAX_EARLY_BYTES = 4 * 1024 * 1024
"""Sent while the document was being opened, by a client that doesn't stop when nothing is read."""


class YjsSession:
    """Opens the document for a client whose rights were checked in the handshake, and handles its messages.

    When the token expires the socket is closed so that the client comes back with another one.
    """

    __slots__ = (
        "_admitted_at",
        "_document_id",
        "_early",
        "_early_bytes",
        "_generation",
        "_is_over",
        "_liveness",
        "_look_at",
        "_peer",
        "_policy",
        "_reading",
        "_room",
        "_rooms",
        "_transport",
    )

    def __init__(
        self,
        rooms: Rooms,
        transport: Transport,
        policy: Policy,
        *,
        document_id: str,
        generation: str,
        grant: Grant,
        admitted_at: int,
        tells_stored: bool = False,
    ) -> None:
        """`generation` is empty for the present one; `admitted_at` is `rooms.revocations` before rights were checked.

        With `tells_stored` the client gets acknowledgements, in frames of type 100.
        """
        self._rooms = rooms
        self._transport = transport
        self._policy = policy
        self._document_id = document_id
        self._generation = generation
        self._admitted_at = admitted_at
        self._peer = Peer(transport, TELLING if tells_stored else SILENT, grant, self)
        self._room: Room | None = None
        self._reading = Reading(transport, rooms.limits.updates_per_second)
        self._liveness = Liveness(transport, self._reading, rooms.limits)
        self._look_at = time.monotonic() + rooms.limits.ping_seconds
        self._early: list[bytes] = []
        self._early_bytes = 0
        self._is_over = False

    def begin(self) -> None:
        """Open the document. Never waits."""
        self._rooms.enter(self)
        self._rooms.wheel.put(self, self._next_look())
        self._rooms.task_scope.spawn(self._run())

    # From the transport

    def receive(self, data: str | bytes) -> None:
        if self._is_over:
            return
        if isinstance(data, str):
            self.end(codes.BAD_MESSAGE)
        elif self._room is not None:
            self._handle(self._room, data)
        else:
            self._keep(data)

    def overflow(self) -> None:
        self.end(codes.SLOW)

    def closed(self, _code: int) -> None:
        self._release()

    # From the server

    def end(self, ending: Ending) -> None:
        """Close the socket, or a little later if the client sent too much: old ones come back at once with it."""
        if self._is_over:
            return
        self._release()
        self._rooms.counters.closed[ending.code] += 1
        if ending in (codes.TOO_BIG, codes.TOO_FAST):
            self._transport.pause_reading()
            loop = asyncio.get_running_loop()
            loop.call_later(self._rooms.limits.penalty_seconds, self._transport.close, *ending)
        else:
            self._transport.close(*ending)

    def peer_ended(self, _peer: Peer, ending: Ending) -> None:
        self.end(ending)

    def due(self, now: float) -> float | None:
        if self._expires_in() <= 0:
            self.end(codes.TOKEN_EXPIRED)
            return None
        if now >= self._look_at:
            seconds = self._liveness.look()
            if seconds is None:
                self.end(codes.NO_PONG)
                return None
            self._look_at = now + seconds
        return self._next_look()

    async def _run(self) -> None:
        self._transport.limit_messages(self._rooms.limits.message_bytes, close_code=codes.TOO_BIG.code)
        try:
            room = await self._join()
        except AdmissionRefused as refused:
            self.end(refused.ending)
        except Exception:
            self.end(codes.RESET)
            raise
        else:
            self._joined(room)

    async def _join(self) -> Room:
        """Raises AdmissionRefused."""
        while True:
            try:
                return await self._rooms.join(
                    self._document_id, self._generation, self._peer, admitted_at=self._admitted_at
                )
            except Overtaken:
                self._admitted_at = self._rooms.revocations
                try:
                    async with asyncio.timeout(self._rooms.limits.join_seconds):
                        self._peer.grant = await self._policy.review(self._peer.grant, self._document_id)
                except TimeoutError as late:
                    raise AdmissionRefused(codes.STORE_FAILING) from late

    def _joined(self, room: Room) -> None:
        if self._is_over:
            room.leave(self._peer)
            return
        self._room = room
        room.greet(self._peer)
        early, self._early = self._early, []
        for data in early:
            self.receive(data)
        if early and not self._is_over:
            self._reading.release()

    def _keep(self, data: bytes) -> None:
        """Keep what comes before the document is open."""
        if not self._early:
            self._reading.hold()
        self._transport.pause_reading()  # the socket's former owner may have resumed it
        self._early.append(data)
        self._early_bytes += len(data)
        if self._early_bytes > MAX_EARLY_BYTES:
            self.end(codes.TOO_FAST)

    def _handle(self, room: Room, data: bytes) -> None:
        try:
            for message in yjs.messages(data):
                if self._is_over:
                    return
                if room.receive(self._peer, message) and not self._reading.count():
                    self.end(codes.TOO_FAST)
        except AdmissionRefused as refused:
            self.end(refused.ending)
        except (BadMessage, BadUpdate):
            self._rooms.counters.refused["bad message"] += 1
            self.end(codes.BAD_MESSAGE)

    def _next_look(self) -> float:
        return max(0.0, min(self._look_at - time.monotonic(), self._expires_in()))

    def _expires_in(self) -> float:
        expires_at = self._peer.grant.expires_at
        return math.inf if expires_at is None else expires_at - time.time()

    def _release(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._early.clear()
        self._reading.close()
        self._rooms.wheel.remove(self)
        self._rooms.leave(self)
        if self._room is not None:
            self._room.leave(self._peer)
            self._room = None
        self._peer.leave()


SILENT = YjsWire()
TELLING = YjsWire(tells_stored=True)
