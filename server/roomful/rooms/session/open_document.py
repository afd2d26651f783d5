"""One document of a Hocuspocus socket."""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from enum import Enum, auto
from typing import Protocol

from roomful.link.transport import Transport
from roomful.rooms import codes
from roomful.rooms.codes import AdmissionRefused, Ending
from roomful.rooms.document.room import Room
from roomful.rooms.grant import Grant
from roomful.rooms.peer import Peer
from roomful.rooms.policy import Policy
from roomful.rooms.protocol.hocuspocus import Auth, Close, DocumentName, HocuspocusMessage, HocuspocusWire, Stateless
from roomful.rooms.registry import Overtaken, Rooms


class State(Enum):
    WAITING = auto()
    """For its token."""
    OPENING = auto()
    OPEN = auto()
    ENDED = auto()
    """Refused, or ended by the server: later messages are dropped, except a new token."""


class DocumentSession(Protocol):
    """The socket's session, as its documents see it."""

    rooms: Rooms
    policy: Policy
    transport: Transport

    def hold(self) -> None:
        """Read nothing until `release`: a document is being opened."""

    def release(self) -> None: ...

    def opened(self, document: "OpenDocument", early: Sequence[HocuspocusMessage], /) -> None:
        """A document is open. `early` are the messages that came before."""

    def write(self, *messages: bytes) -> None: ...

    def end(self, ending: Ending, /) -> None: ...


class OpenDocument:
    """The document of one key, from the key's first message on."""

    __slots__ = (
        "_generation",
        "_opening",
        "_peer",
        "_room",
        "_session",
        "_wants_token",
        "_wire",
        "document_id",
        "early",
        "early_bytes",
        "key",
        "state",
        "waits_since",
    )

    def __init__(self, session: DocumentSession, key: str) -> None:
        name = DocumentName.of(key)
        self.key = key
        self.document_id = name.document_id
        self._generation = name.generation
        self._session = session
        self._wire = HocuspocusWire(key)
        self._peer: Peer | None = None
        self._room: Room | None = None
        self._opening: object | None = None
        """Which of several attempts to open it is under way."""
        self._wants_token = False
        self.state = State.WAITING
        self.waits_since = time.monotonic()
        self.early: list[HocuspocusMessage] = []
        """Messages that came before the document was open."""
        self.early_bytes = 0

    def keep(self, message: HocuspocusMessage, size: int) -> None:
        """Keep a message until the document is open."""
        self.early.append(message)
        self.early_bytes += size

    def authenticate(self, token: str) -> None:
        """Check a token of the client, its first or a fresh one. Never waits."""
        spawn = self._session.rooms.task_scope.spawn
        if self.state is State.OPEN:
            spawn(self._guarded(self._renew(token)))
        elif self.state is not State.OPENING:
            self.state = State.OPENING
            self._opening = opening = object()
            self._session.hold()
            spawn(self._guarded(self._open(token, opening)))

    def receive(self, message: HocuspocusMessage) -> bool:
        """Handle a message of an open document, as `Room.receive` does."""
        match message:
            case Stateless():
                self._session.rooms.counters.refused["stateless"] += 1
            case Auth() | Close():
                pass  # the session handles them
            case _ if self._room is not None and self._peer is not None:
                return self._room.receive(self._peer, message)
            case _:
                pass
        return True

    def look_at_token(self) -> None:
        """Ask for a fresh token in time, and end the document with the old one."""
        expires_at = self._peer.grant.expires_at if self._peer is not None else None
        if expires_at is None:
            return
        left = expires_at - time.time()
        if left <= 0:
            self.end(EXPIRED)
        elif left <= self._session.rooms.limits.token_sync_seconds and not self._wants_token:
            self._wants_token = True
            self._session.write(self._wire.token_wanted())

    def peer_ended(self, peer: Peer, ending: Ending) -> None:
        if peer is self._peer:
            self.end(ending)

    def end(self, ending: Ending) -> None:
        """Tell the client that it has lost the document. If only for now, close the socket, so that it comes back."""
        if self.state is State.ENDED:
            return
        self.leave()
        if not is_final(ending):
            self._session.end(ending)
            return
        self._session.rooms.counters.closed[ending.code] += 1
        message = self._wire.permission_denied if ending.code in DENIED else self._wire.closed
        self._session.write(message(ending.reason))

    def leave(self) -> None:
        """Leave the room. Idempotent."""
        if self.state is State.OPENING:
            self._session.release()
        self.state = State.ENDED
        self._opening = None
        self.early.clear()
        room, self._room = self._room, None
        peer, self._peer = self._peer, None
        if room is not None and peer is not None:
            room.leave(peer)

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except AdmissionRefused as refused:
            self.end(refused.ending)
        except Exception:
            self._session.end(codes.RESET)
            raise

    async def _open(self, token: str, opening: object) -> None:
        """Raises AdmissionRefused."""
        rooms = self._session.rooms
        admitted_at = rooms.revocations
        grant = await self._ask(self._session.policy.admit(token, self.document_id, self._generation))
        peer = Peer(self._session.transport, self._wire, grant, self)
        while self._opening is opening:
            try:
                room = await rooms.join(self.document_id, self._generation, peer, admitted_at=admitted_at)
            except Overtaken:
                admitted_at = rooms.revocations
                peer.grant = await self._ask(self._session.policy.review(peer.grant, self.document_id))
                continue
            if self._opening is opening:
                self._opened(room, peer)
            else:
                room.leave(peer)
            return

    def _opened(self, room: Room, peer: Peer) -> None:
        self._room, self._peer = room, peer
        self._opening = None
        self._wants_token = False
        self.state = State.OPEN
        self._session.release()
        self._session.write(self._wire.authenticated(may_write=peer.grant.may_write))
        room.greet(peer)
        early, self.early = self.early, []
        self.early_bytes = 0
        self._session.opened(self, early)
        self.look_at_token()

    async def _renew(self, token: str) -> None:
        """Raises AdmissionRefused only for good: until the old token expires there is time for another."""
        peer, rooms, policy = self._peer, self._session.rooms, self._session.policy
        admitted_at = rooms.revocations
        try:
            grant = await self._ask(policy.admit(token, self.document_id, self._generation))
            while admitted_at != rooms.revocations:  # the answer may be older than what has ended meanwhile
                admitted_at = rooms.revocations
                grant = await self._ask(policy.review(grant, self.document_id))
        except AdmissionRefused as refused:
            if is_final(refused.ending):
                raise
            return
        if peer is None or peer is not self._peer:
            return
        if grant.user_id != peer.grant.user_id:
            raise AdmissionRefused(codes.RIGHT_LOST)
        peer.grant = grant
        self._wants_token = False
        self._session.write(self._wire.authenticated(may_write=grant.may_write))

    async def _ask(self, answer: Awaitable[Grant]) -> Grant:
        """Raises AdmissionRefused."""
        try:
            async with asyncio.timeout(self._session.rooms.limits.join_seconds):
                return await answer
        except TimeoutError as late:
            raise AdmissionRefused(codes.STORE_FAILING) from late


def is_final(ending: Ending) -> bool:
    """Whether a client would come back in vain."""
    return 4400 <= ending.code <= 4499


EXPIRED = Ending(codes.SIGN_IN_ENDED.code, codes.TOKEN_EXPIRED.reason)
DENIED = (codes.RIGHT_LOST.code, codes.SIGN_IN_ENDED.code, codes.REPLACED.code)
"""Told by PermissionDenied, on which the provider asks its application for a token; others by Close."""
