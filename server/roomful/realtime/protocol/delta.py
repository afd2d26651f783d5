"""Deltas: publications encoded against the one before, for subscribers that ask for it (`"delta": "fossil"`)."""

from functools import lru_cache

import msgspec
from msgspec import Raw

from roomful.realtime.protocol import fossil
from roomful.realtime.protocol.formats import ClientFormat, as_pub, as_push
from roomful.realtime.protocol.replies import Push, Reply
from roomful.realtime.publication import Message, Publication

FOSSIL = "fossil"
"""The only supported kind of delta."""
KEPT_DELTAS = 64


class DeltaFormat:
    """Writes publications as deltas. In JSON, `data` is then a string: a delta, or a whole document."""

    def __init__(self, client_format: ClientFormat) -> None:
        self.name = f"{client_format.name}+{FOSSIL}"
        self.is_text = client_format.is_text
        self._format = client_format

    def push(self, message: Message, before: Publication | None) -> bytes:
        """The message for subscribers that have `before` as a base; None stands for no base."""
        if not isinstance(message, Publication):
            return self._format.encode(Reply(push=as_push(message)))
        pub = as_pub(message)
        delta = None if before is None else _diff(before.data, message.data)
        pub.delta = delta is not None
        pub.data = self.document(message.data if delta is None else delta)
        return self._format.encode(Reply(push=Push(message.channel, pub=pub)))

    def document(self, data: bytes) -> Raw:
        """A document or a delta, as this format writes it."""
        return Raw(msgspec.json.encode(data.decode()) if self.is_text else data)


# Shared by all formats.
_diff = lru_cache(maxsize=KEPT_DELTAS)(fossil.diff)
