"""Publications of which each is a patch of the one before, as a subscriber may ask for (`"delta": "fossil"`)."""

from functools import lru_cache

import msgspec
from msgspec import Raw

from roomful.realtime.protocol import fossil
from roomful.realtime.protocol.formats import ClientFormat, as_pub, as_push
from roomful.realtime.protocol.messages import Push, Reply
from roomful.realtime.publication import Message, Publication

FOSSIL = "fossil"
"""The one kind of patch that there is."""
KEPT_PATCHES = 64


class PatchFormat:
    """Writes publications as patches. In JSON every document is then a string: that of a patch, or of a whole one."""

    def __init__(self, client_format: ClientFormat) -> None:
        self.name = f"{client_format.name}+{FOSSIL}"
        self.is_text = client_format.is_text
        self._format = client_format

    def push(self, message: Message, before: Publication | None) -> bytes:
        """The message for who has had the publication before it, if there is one, and has it as a base."""
        if not isinstance(message, Publication):
            return self._format.encode(Reply(push=as_push(message)))
        pub = as_pub(message)
        patch = None if before is None else _patch(before.data, message.data)
        pub.delta = patch is not None
        pub.data = self.document(message.data if patch is None else patch)
        return self._format.encode(Reply(push=Push(message.channel, pub=pub)))

    def document(self, data: bytes) -> Raw:
        """A document as it stands in a publication, where another might be a patch."""
        return Raw(msgspec.json.encode(data.decode()) if self.is_text else data)


# Found once for all formats.
_patch = lru_cache(maxsize=KEPT_PATCHES)(fossil.diff)
