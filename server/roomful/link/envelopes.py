"""Envelopes: contents as they travel through Redis, sealed with the installation's key."""

from collections.abc import Callable
from typing import Literal

from roomful.link.sealing import OVERHEAD_BYTES, Forged, NotSealed, Sealer
from roomful.link.senders import Senders
from roomful.link.starts import START_BYTES, Starts

MAX_ENVELOPE_BYTES = 256 * 1024
"""Redis cuts off a reader with too much unread, so larger contents go another way."""
MAX_CONTENT_BYTES = MAX_ENVELOPE_BYTES - START_BYTES - OVERHEAD_BYTES

Reason = Literal["malformed", "forged", "foreign", "stranger", "repeated"]
"""Why an envelope is refused.

malformed: too long, or with a content of another version. forged: not sealed by a node for this place. foreign: not an
envelope. stranger: its node uses another database, or has not read this node's start yet. repeated: it came before, or
is too old.
"""


class EnvelopeRefused(Exception):
    """No node of this installation made this envelope for this place and this time."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


class Envelopes:
    """Makes and reads envelopes: the newest start that the sender has read, then the sealed content.

    The seal covers the start and the place, a channel's name in Redis: an envelope can't be moved to another place.
    Sealing takes a microsecond and a half.
    """

    def __init__(self, key: bytes, *, starts: Starts, clock: Callable[[], int] | None = None) -> None:
        self._sealer = Sealer(key, purpose=b"messages", clock=clock)
        self._starts = starts
        self._senders = Senders(starts.knows)

    def seal(self, place: bytes, content: bytes) -> bytes:
        """Seal a content of at most MAX_CONTENT_BYTES for a place. Send envelopes in the order of sealing."""
        start = self._starts.newest
        return start + self._sealer.seal(content, start + place)

    def is_own(self, envelope: bytes) -> bool:
        """Whether it claims to come from this node. Not verified: good enough for skipping it."""
        return self._sealer.is_own(envelope[START_BYTES : START_BYTES + OVERHEAD_BYTES])

    def open(self, place: bytes, envelope: bytes, *, is_beat: bool = False) -> bytes:
        """The content of an envelope, which is accepted once. Raises EnvelopeRefused."""
        if not len(envelope) <= MAX_ENVELOPE_BYTES:
            raise EnvelopeRefused("malformed")
        start = envelope[:START_BYTES]
        try:
            opened = self._sealer.open(envelope[START_BYTES:], start + place)
        except NotSealed:
            raise EnvelopeRefused("foreign") from None
        except Forged:
            raise EnvelopeRefused("forged") from None
        if not self._starts.accepts(start):
            raise EnvelopeRefused("stranger")
        if not self._senders.accept(opened.sealer, opened.number, start, is_beat=is_beat):
            raise EnvelopeRefused("repeated")
        return opened.content
