"""Rooms that everybody has left, kept for those who come back."""

from typing import Protocol


class Left(Protocol):
    """A room without clients."""

    def unload_soon(self) -> None: ...


class LeftRooms:
    """Bounds how many rooms are kept without clients: the one left longest ago goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._rooms: dict[Left, None] = {}

    def __len__(self) -> int:
        return len(self._rooms)

    def add(self, room: Left) -> None:
        """The last client has left."""
        self._rooms[room] = None
        if len(self._rooms) > self._most:
            oldest = next(iter(self._rooms))
            del self._rooms[oldest]
            oldest.unload_soon()

    def discard(self, room: Left) -> None:
        """A client has come, or the room was dropped. Idempotent."""
        self._rooms.pop(room, None)
