"""The opening of rooms: each document once, even for clients that come together."""

import asyncio
import time
from contextlib import suppress

from roomful.concurrency.single_flight import SingleFlight
from roomful.rooms.broker.port import RowStored
from roomful.rooms.document.room import Room
from roomful.rooms.services import RoomServices
from roomful.rooms.store.port import StoreUnavailable

UNSUBSCRIBE_SECONDS = 5.0
STORE_FAILS_SECONDS = 1.0
"""Pause after a failed load before the next."""


class Openings:
    """Enters rooms into `rooms` when they are open, and removes them when they close."""

    def __init__(self, services: RoomServices, rooms: dict[str, Room]) -> None:
        self._services = services
        self._rooms = rooms
        self._running = SingleFlight(services.task_scope)
        self._announced: dict[str, int] = {}
        """The newest row announced of each document that is being opened."""
        self._leaving: dict[str, asyncio.Event] = {}
        """Set when the broker has unsubscribed from a document that was just dropped."""
        self._store_fails_until = float("-inf")

    @property
    def is_store_failing(self) -> bool:
        """Whether a load failed a moment ago."""
        return time.monotonic() < self._store_fails_until

    async def room(self, document_id: str) -> Room:
        """The room of a document, opened if necessary. Raises UnknownDocument, StoreUnavailable."""
        while True:
            if (leaving := self._leaving.get(document_id)) is not None:
                await leaving.wait()
                continue
            room = self._rooms.get(document_id)
            if room is None:
                room = await self._running.call(document_id, lambda: self._open(document_id))
            if not room.is_closed:
                return room

    def note(self, row: RowStored) -> None:
        """A row of a document that is not open was announced. It counts if the document is being opened."""
        if (newest := self._announced.get(row.document_id)) is not None:
            self._announced[row.document_id] = max(newest, row.number)

    async def _open(self, document_id: str) -> Room:
        """Subscribe before loading: rows stored in between are announced."""
        self._announced[document_id] = 0
        try:
            await self._services.broker.subscribe(document_id)
            room = await Room.open(document_id, self._services, on_closed=self._closed)
        except BaseException as error:
            self._services.counters.load_failures += 1
            self._unsubscribe(document_id)
            if isinstance(error, StoreUnavailable):
                self._store_fails_until = time.monotonic() + STORE_FAILS_SECONDS
            raise
        finally:
            announced = self._announced.pop(document_id)
        self._rooms[document_id] = room
        room.rows.arrived(room.rows.generation, announced, b"")
        return room

    def _closed(self, room: Room) -> None:
        if self._rooms.get(room.document_id) is room:
            del self._rooms[room.document_id]
            self._unsubscribe(room.document_id)

    def _unsubscribe(self, document_id: str) -> None:
        """The next opening waits for it, or this would end its subscription too."""
        leaving = self._leaving[document_id] = asyncio.Event()

        async def leave() -> None:
            try:
                with suppress(TimeoutError):  # messages of a document that is not open are ignored
                    async with asyncio.timeout(UNSUBSCRIBE_SECONDS):
                        await self._services.broker.unsubscribe(document_id)
            finally:
                del self._leaving[document_id]
                leaving.set()

        with suppress(RuntimeError):  # the process ends
            self._services.task_scope.spawn(leave())
