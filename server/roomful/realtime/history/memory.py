"""A history in memory, for channels that no database records, and for tests."""

import secrets
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import islice

from roomful.realtime.history.port import PAGE_BYTES, Expired, Page, UnknownChannel, fitting
from roomful.realtime.publication import ClientInfo, Position, Publication


class MemoryHistory:
    """Keeps the newest publications of each channel. `open` makes a channel, with an epoch of its own."""

    def __init__(self, *, size: int = 100) -> None:
        self._size = size
        self._epochs: dict[str, str] = {}
        self._heads: dict[str, int] = {}
        self._kept: dict[str, deque[Publication]] = {}

    def open(self, channel: str, *, size: int | None = None) -> Position:
        """The channel's position. Makes a new channel, with a size of its own if given."""
        if channel not in self._epochs:
            self._epochs[channel] = secrets.token_hex(4)
            self._heads[channel] = 0
            self._kept[channel] = deque(maxlen=size or self._size)
        return Position(self._epochs[channel], self._heads[channel])

    def append(self, channel: str, data: bytes, *, type_: str = "", info: ClientInfo | None = None) -> Publication:
        """Record at the channel's next offset. Publish the result."""
        epoch, head = self.open(channel)
        publication = Publication(channel, data, head + 1, epoch, type_, info)
        self._heads[channel] = publication.offset
        self._kept[channel].append(publication)
        return publication

    def forget(self, channel: str) -> None:
        """Delete the channel. The next `open` makes a new one."""
        for table in (self._epochs, self._heads, self._kept):
            table.pop(channel, None)

    async def read(self, channel: str, after: int | None, *, limit: int) -> Page:
        kept, head = self._known(channel)
        oldest = kept[0].offset if kept else head.offset + 1
        if after is None:
            after = oldest - 1
        if not oldest - 1 <= after <= head.offset:
            raise Expired(channel)
        following = (each for each in kept if each.offset > after)
        return Page(fitting(islice(following, limit), PAGE_BYTES), head)

    async def read_back(self, channel: str, before: int | None, *, limit: int) -> Page:
        kept, head = self._known(channel)
        oldest = kept[0].offset if kept else head.offset + 1
        if before is None:
            before = head.offset + 1
        if not oldest - 1 <= before <= head.offset + 1:
            raise Expired(channel)
        preceding = (each for each in reversed(kept) if each.offset < before)
        return Page(fitting(islice(preceding, limit), PAGE_BYTES), head)

    async def heads(self, channels: Sequence[str]) -> Mapping[str, Position]:
        return {
            channel: Position(self._epochs[channel], self._heads[channel])
            for channel in channels
            if channel in self._epochs
        }

    async def renew_if_lost(self, channel: str, delivered: Position, data: bytes | None) -> None:
        """Memory is never rolled back."""

    def _known(self, channel: str) -> tuple[deque[Publication], Position]:
        if channel not in self._epochs:
            raise UnknownChannel(channel)
        return self._kept[channel], Position(self._epochs[channel], self._heads[channel])
