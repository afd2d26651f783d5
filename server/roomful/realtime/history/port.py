"""The history port: the recorded events of a channel, as the engine reads them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from roomful.realtime.publication import Position, Publication

PAGE_BYTES = 128 * 1024
"""Event data in one page, unless its first event alone is larger: what one read brings into memory, and one reply."""


class UnknownChannel(Exception):
    """There is no such channel."""


class Expired(Exception):
    """The events right after this offset are no longer kept, or never existed in this epoch."""


class HistoryUnavailable(Exception):
    """The history can't be read now; it may be in a moment."""


@dataclass(frozen=True, slots=True)
class Page:
    """Events of one channel, contiguous from the offset asked for, with the channel's newest position."""

    publications: list[Publication] = field(default_factory=list)
    head: Position = field(default_factory=lambda: Position("", 0))


def fitting(publications: Iterable[Publication], max_bytes: int) -> list[Publication]:
    """The first publications whose data together fits into so many bytes; always the first one."""
    taken: list[Publication] = []
    for publication in publications:
        max_bytes -= len(publication.data)
        if taken and max_bytes < 0:
            break
        taken.append(publication)
    return taken


class History(Protocol):
    """What has been recorded, in order and without a hole.

    A page holds at most PAGE_BYTES of event data, or one event that is larger, so it may be shorter than its limit
    although more follows.

    A publication is found here before it is published: whoever sees offset n published can read every offset up to n.
    Every call has a deadline of its own. All raise HistoryUnavailable when the store is out of reach.
    """

    async def read(self, channel: str, after: int | None, *, limit: int) -> Page:
        """At most `limit` publications above an offset, oldest first; None is below the oldest that is kept.

        Raises UnknownChannel, Expired.
        """

    async def read_back(self, channel: str, before: int, *, limit: int) -> Page:
        """At most `limit` kept publications below an offset, newest first. Raises UnknownChannel."""

    async def heads(self, channels: Sequence[str]) -> Mapping[str, Position]:
        """The newest position of each of these channels; one that does not exist is absent."""

    async def renew_if_lost(self, channel: str, delivered: Position, data: bytes | None) -> None:
        """Begin a new epoch if the history lacks what was delivered: then it was rolled back, as by a restored backup.

        `data` is the publication at that position, where it is known.
        """
