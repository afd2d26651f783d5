"""The rooms of one process."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from types import TracebackType
from typing import Protocol, Self

from roomful.concurrency.background_loops import BackgroundLoops
from roomful.concurrency.task_scope import TaskScope
from roomful.link.drain import close_in_turn
from roomful.link.timer_wheel import TimerWheel
from roomful.process.stack import make_room
from roomful.rooms import codes
from roomful.rooms.broker.port import Receive, RoomBroker, RoomMessage, RowStored
from roomful.rooms.codes import AdmissionRefused, Ending
from roomful.rooms.counters import RoomCounters
from roomful.rooms.document.room import Room
from roomful.rooms.freed_memory import give_back_after_unloads
from roomful.rooms.left_rooms import LeftRooms
from roomful.rooms.limits import RoomLimits
from roomful.rooms.openings import Openings
from roomful.rooms.peer import Peer
from roomful.rooms.reconciliation import reconcile
from roomful.rooms.services import RoomServices
from roomful.rooms.store.port import Store, StoreUnavailable, UnknownDocument

OpenBroker = Callable[[Receive], AbstractAsyncContextManager[RoomBroker]]


class OpenSession(Protocol):
    """A socket that the server may have to close."""

    def end(self, ending: Ending, /) -> None: ...


class Overtaken(Exception):
    """Since a client was admitted, somebody's access ended, perhaps its own: check again."""


class Rooms:
    """Opens documents for the clients that come, and drops each some time after its last client leaves.

    Closing stores what was gathered, acknowledges it, and closes every socket with 1012.
    """

    wheel: TimerWheel
    task_scope: TaskScope
    services: RoomServices

    def __init__(self, store: Store, open_broker: OpenBroker, *, node: str, limits: RoomLimits | None = None) -> None:
        self.limits = limits or RoomLimits()
        self.counters = RoomCounters()
        self.revocations = 0
        """Grows whenever somebody's access ends: clients admitted earlier must be checked again."""
        self._store = store
        self._open_broker = open_broker
        self._node = node
        self._rooms: dict[str, Room] = {}
        self._sessions: dict[OpenSession, None] = {}
        self._shutdown: asyncio.Task[None] | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        make_room()
        async with AsyncExitStack() as stack:
            self.wheel = TimerWheel()
            self.task_scope = await stack.enter_async_context(TaskScope("rooms"))
            broker = await stack.enter_async_context(self._open_broker(self._receive))
            self.services = RoomServices(
                store=self._store,
                broker=broker,
                limits=self.limits,
                counters=self.counters,
                task_scope=self.task_scope,
                wheel=self.wheel,
                left_rooms=LeftRooms(self.limits.left_rooms),
                append_slots=asyncio.Semaphore(self.limits.appends_at_once),
                node=self._node,
            )
            self._openings = Openings(self.services, self._rooms)
            loops = await stack.enter_async_context(BackgroundLoops())
            loops.run("rooms' timers", self.wheel.run())
            loops.run("rooms' reconciliation", reconcile(self.services, self._rooms))
            loops.run("rooms' memory", give_back_after_unloads(self.counters, self.limits.give_back_seconds))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.begin_shutdown()
            assert self._shutdown is not None
            await self._shutdown
        finally:
            await self._stack.aclose()

    # For sessions

    def enter(self, session: OpenSession) -> None:
        self._sessions[session] = None

    def leave(self, session: OpenSession) -> None:
        """Idempotent."""
        self._sessions.pop(session, None)

    async def join(self, document_id: str, generation: str, peer: Peer, *, admitted_at: int) -> Room:
        """Let a client into the room of a document; opens the document if necessary.

        `admitted_at` is `revocations` before the client's rights were looked up. Raises AdmissionRefused, and
        Overtaken; the client has not joined then.
        """
        if self._shutdown is not None:
            raise AdmissionRefused(codes.SHUTDOWN)
        try:
            async with asyncio.timeout(self.limits.join_seconds):
                room = await self._openings.room(document_id)
        except UnknownDocument as unknown:
            raise AdmissionRefused(codes.DELETED) from unknown
        except (StoreUnavailable, TimeoutError) as failure:
            raise AdmissionRefused(codes.STORE_FAILING) from failure
        if self._shutdown is not None:
            raise AdmissionRefused(codes.SHUTDOWN)
        if admitted_at != self.revocations:
            raise Overtaken
        room.join(peer, generation)
        return room

    def refuses(self, document_id: str) -> Ending | None:
        """Why a client would be refused now, as far as is known without asking the store.

        Ask before opening a socket: old clients that are accepted and then closed come back ten times a second.
        """
        if self._shutdown is not None:
            return codes.SHUTDOWN
        room = self._rooms.get(document_id)
        if room is not None:
            return room.refuses()
        return codes.STORE_FAILING if self._openings.is_store_failing else None

    # Changes that other parts report

    def note_stored(self, document_id: str, generation: str, number: int, update: bytes) -> None:
        """A row was committed on this node, by REST. Never waits."""
        message = RowStored(document_id, generation, number, update)
        self._receive(message)
        self.services.broker.publish(message)

    def end_user(self, document_id: str, user_id: str, ending: Ending = codes.RIGHT_LOST) -> None:
        """A person may no longer open this document: send them nothing more of it."""
        self.revocations += 1
        if (room := self._rooms.get(document_id)) is not None:
            room.end_peers(ending, of=lambda peer: peer.grant.user_id == user_id)

    def let_nobody_write(self, document_id: str) -> None:
        """Make a document read-only for everybody; `set_may_write` gives the right back."""
        self.revocations += 1
        if (room := self._rooms.get(document_id)) is not None:
            room.let_nobody_write()

    def set_may_write(self, document_id: str, user_id: str, *, may_write: bool) -> None:
        """A person's right to write in this document has changed."""
        self.revocations += 1
        if (room := self._rooms.get(document_id)) is not None:
            room.set_may_write(user_id, may_write=may_write)

    def end_sign_in(self, session_id: str, ending: Ending = codes.SIGN_IN_ENDED) -> None:
        """A sign-in has ended: end every connection opened with it."""
        self.revocations += 1
        for room in list(self._rooms.values()):
            room.end_peers(ending, of=lambda peer: peer.grant.session_id == session_id)

    def end_document(self, document_id: str, ending: Ending = codes.DELETED) -> None:
        """A document is gone: close its connections."""
        self.revocations += 1
        if (room := self._rooms.get(document_id)) is not None:
            room.end(ending)

    def user_ids(self, document_id: str) -> set[str]:
        """The people connected to a document."""
        room = self._rooms.get(document_id)
        return {peer.grant.user_id for peer in room.peers} if room is not None else set()

    def open_documents(self) -> Collection[str]:
        return self._rooms.keys()

    def begin_shutdown(self) -> None:
        """Store gathered updates, acknowledge them, close every socket. Idempotent; never waits."""
        if self._shutdown is None:
            self._shutdown = self.task_scope.spawn(self._shut_down())

    def _receive(self, message: RoomMessage) -> None:
        room = self._rooms.get(message.document_id)
        if room is None:
            if isinstance(message, RowStored):
                self._openings.note(message)
        elif isinstance(message, RowStored):
            room.rows.arrived(message.generation, message.number, message.update)
        else:
            room.awareness.arrived(message)

    async def _shut_down(self) -> None:
        rooms = list(self._rooms.values())
        for room in rooms:
            room.is_stopping = True
        with suppress(TimeoutError):  # nothing unstored was acknowledged
            async with asyncio.timeout(self.limits.shutdown_seconds):
                for room in rooms:
                    await room.writer.flush()
        await close_in_turn(
            list(self._sessions),
            lambda session: session.end(codes.SHUTDOWN),
            most_seconds=self.limits.drain_seconds,
        )
        for room in list(self._rooms.values()):
            room.end(codes.SHUTDOWN)
        for session in list(self._sessions):  # opened meanwhile
            session.end(codes.SHUTDOWN)
