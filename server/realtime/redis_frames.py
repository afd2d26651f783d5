"""Messages as they travel through Redis: encoded, and sealed by a key that only the nodes of one Roomful have."""

import hmac
from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated, Literal

import msgspec

from server.realtime.publication import (
    Arrival,
    ClientInfo,
    Forwarded,
    Hint,
    Letter,
    Message,
    Position,
    Publication,
    Receipt,
)
from server.realtime.redis_names import RedisNames

SEAL_BYTES = 16
NODE_BYTES = 8
MAX_FRAME_BYTES = 256 * 1024
"""A bigger event goes as a hint, and is read from the log: Redis cuts off a reader that has too much to take."""

REMEMBERED_NAMES = 20_000
"""A name takes a microsecond to make, as long as the rest of a frame."""

Reason = Literal["malformed", "forged", "foreign"]
"""Why a frame is refused: it is broken or of an unknown version; it looks like a node's and was not sealed by one for
this channel; it was never meant to be one of ours.
"""


class Refused(Exception):
    """The frame was not made by a node of this Roomful for this channel."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class Received:
    """What a frame holds; no message in a probe."""

    node: bytes
    message: Message | Hint | Letter | None


class _Probe(msgspec.Struct, tag="probe", tag_field="kind", array_like=True, frozen=True, gc=False):
    channel: str


class _Publication(msgspec.Struct, tag="publication", tag_field="kind", array_like=True, frozen=True, gc=False):
    channel: str
    data: bytes
    offset: Annotated[int, msgspec.Meta(ge=0)]
    epoch: str
    type: str
    info: ClientInfo | None


class _Arrival(msgspec.Struct, tag="arrival", tag_field="kind", array_like=True, frozen=True, gc=False):
    channel: str
    info: ClientInfo
    joined: bool


class _Hint(msgspec.Struct, tag="hint", tag_field="kind", array_like=True, frozen=True, gc=False):
    channel: str
    offset: Annotated[int, msgspec.Meta(ge=1)]
    epoch: str


class _Forwarded(msgspec.Struct, tag="forwarded", tag_field="kind", array_like=True, frozen=True, gc=False):
    channel: str
    sender: str
    number: int
    session: str
    data: bytes


class _Receipt(msgspec.Struct, tag="receipt", tag_field="kind", array_like=True, frozen=True, gc=False):
    channel: str
    number: int


_Content = _Probe | _Publication | _Arrival | _Hint | _Forwarded | _Receipt


class RedisFrames:
    """Makes and reads frames: seal, id of the sending node, content.

    The seal is a keyed BLAKE2b (RFC 7693): a third of the time of HMAC-SHA256.
    """

    def __init__(self, key: bytes, *, names: RedisNames, node: bytes) -> None:
        self._key = hmac.digest(key, b"roomful broker messages, version 1", "sha256")
        self._node = node
        self._names = names
        self._name_of: dict[str, bytes] = {}
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(_Content)

    def name_of(self, channel: str) -> bytes:
        name = self._name_of.get(channel)
        if name is None:
            if len(self._name_of) >= REMEMBERED_NAMES:
                self._name_of.clear()
            name = self._name_of[channel] = self._names.of("channel", channel)
        return name

    def probe(self, channel: str) -> bytes:
        return self._seal(_Probe(channel))

    def encode(self, message: Message | Letter) -> bytes | None:
        """None for a signal, or for commands, too big to be sent."""
        match message:
            case Arrival(channel, info, joined):
                return self._seal(_Arrival(channel, info, joined))
            case Receipt(channel, number):
                return self._seal(_Receipt(channel, number))
            case Forwarded(channel, sender, number, session, data):
                fits = len(data) <= MAX_FRAME_BYTES - 1024
                return self._seal(_Forwarded(channel, sender, number, session, data)) if fits else None
        if len(message.data) > MAX_FRAME_BYTES - 1024:
            if not message.offset:
                return None
            return self._seal(_Hint(message.channel, message.offset, message.epoch))
        return self._seal(
            _Publication(message.channel, message.data, message.offset, message.epoch, message.type, message.info)
        )

    def is_own(self, frame: bytes) -> bool:
        """Whether this node sent it, by its own word: known at a glance, and good enough to be ignored."""
        return frame[SEAL_BYTES : SEAL_BYTES + NODE_BYTES] == self._node

    def decode(self, name: bytes, frame: bytes) -> Received:
        """Raises Refused."""
        if not SEAL_BYTES + NODE_BYTES < len(frame) <= MAX_FRAME_BYTES:
            raise Refused("malformed")
        seal, sealed = frame[:SEAL_BYTES], frame[SEAL_BYTES:]
        is_sealed = hmac.compare_digest(seal, self._mac(sealed))
        try:
            content = self._decoder.decode(memoryview(sealed)[NODE_BYTES:])
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Refused("malformed" if is_sealed else "foreign") from error
        # A frame of ours may have been moved from another channel.
        if not is_sealed or self.name_of(content.channel) != name:
            raise Refused("forged")
        return Received(sealed[:NODE_BYTES], _message(content))

    def _seal(self, content: _Content) -> bytes:
        sealed = self._node + self._encoder.encode(content)
        return self._mac(sealed) + sealed

    def _mac(self, sealed: bytes) -> bytes:
        return blake2b(sealed, key=self._key, digest_size=SEAL_BYTES).digest()


def _message(content: _Content) -> Message | Hint | Letter | None:
    match content:
        case _Publication(channel, data, offset, epoch, type_, info):
            return Publication(channel, data, offset, epoch, type_, info)
        case _Arrival(channel, info, joined):
            return Arrival(channel, info, joined)
        case _Hint(channel, offset, epoch):
            return Hint(channel, Position(epoch, offset))
        case _Forwarded(channel, sender, number, session, data):
            return Forwarded(channel, sender, number, session, data)
        case _Receipt(channel, number):
            return Receipt(channel, number)
        case _Probe():
            return None
