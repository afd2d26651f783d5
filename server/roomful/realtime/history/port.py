"""The history port: the recorded events of channels, as the engine reads them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from roomful.realtime.publication import Position, Publication

PAGE_BYTES = 128 * 1024
"""Event data in one page, and so in one read and one reply, unless the first event alone is larger."""


class UnknownChannel(Exception):
    """There is no such channel."""


class Expired(Exception):
    """The events right after this offset are no longer kept, or never existed in this epoch."""


class HistoryUnavailable(Exception):
    """The history can't be read now. Temporary."""


@dataclass(frozen=True, slots=True)
class Page:
    """Contiguous events of one channel from the requested offset on, with the channel's newest position."""

    publications: list[Publication] = field(default_factory=list)
    head: Position = field(default_factory=lambda: Position("", 0))


def fitting(publications: Iterable[Publication], max_bytes: int) -> list[Publication]:
    """The first publications whose data fits into this many bytes together; always the first one."""
    taken: list[Publication] = []
    for publication in publications:
        max_bytes -= len(publication.data)
        if taken and max_bytes < 0:
            break
        taken.append(publication)
    return taken


class History(Protocol):
    """The recorded events, in order and without a hole.

    A page holds at most PAGE_BYTES of event data, or one larger event, so it may have fewer events than its limit
    although more follow.

    An event is recorded before it is published: after offset n is published, every offset up to n can be read. Every
    call has a deadline, and raises HistoryUnavailable when the store is out of reach.
    """

    async def read(self, channel: str, after: int | None, *, limit: int) -> Page:
        """At most `limit` publications above an offset, oldest first. None stands for below the oldest one kept.

        Raises UnknownChannel, Expired.
        """

    async def read_back(self, channel: str, before: int | None, *, limit: int) -> Page:
        """At most `limit` kept publications below an offset, newest first. None stands for from the newest one on.

        Raises UnknownChannel, Expired.
        """

    async def heads(self, channels: Sequence[str]) -> Mapping[str, Position]:
        """The newest position of each of these channels. Unknown channels are left out."""

    async def renew_if_lost(self, channel: str, delivered: Position, data: bytes | None) -> None:
        """Begin a new epoch if the history lacks this delivered event: it was rolled back, as by a restored backup.

        `data` is the event's, if known.
        """
