"""Messages as they travel through Redis: encoded, and sealed by a key that only the nodes of one installation have."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from roomful.link.redis_names import RedisNames
from roomful.link.sealing import OVERHEAD_BYTES, Forged, NotSealed, Sealer
from roomful.link.senders import Senders
from roomful.link.starts import START_BYTES, Starts
from roomful.realtime.publication import (
    Ack,
    Arrival,
    ClientInfo,
    ForwardedCommand,
    Hint,
    Message,
    NodeMessage,
    Position,
    Publication,
)

MAX_FRAME_BYTES = 256 * 1024
"""A bigger event goes as a hint, and is read from the log: Redis cuts off a reader that has too much to take."""

REMEMBERED_NAMES = 20_000
"""A name takes a microsecond to make, as long as the rest of a frame."""

NODES_CHANNEL = "nodes"
"""Where every node says once a second that it is there."""

Reason = Literal["malformed", "forged", "foreign", "stranger", "repeated"]
"""Why a frame is refused: it is broken, or of a version that says other things; it looks like a node's and was not
sealed by one for this channel; it was never meant to be one of ours; its node has another database, or has not seen
yet that this one has started; it has come before, or is too old.
"""


class Refused(Exception):
    """The frame was not made by a node of this installation for this channel, or not for now."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class Beat:
    """A node says that it is there, and by which name others send it commands."""

    node: str


@dataclass(frozen=True, slots=True)
class Received:
    content: Message | Hint | NodeMessage | Beat
    is_own: bool


class _Beat(msgspec.Struct, tag="beat", tag_field="kind", array_like=True, frozen=True, gc=False):
    channel: str
    node: str


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


_Content = _Beat | _Publication | _Arrival | _Hint | _Forwarded | _Receipt


class RedisEnvelopes:
    """Makes and reads frames: the newest start of a node that the sender knows, and the sealed content.

    The channel's name and the start are bound to the content: a frame can't be moved to another channel. The seal costs
    as much as the keyed hash that it took the place of, a microsecond and a half.
    """

    def __init__(
        self, key: bytes, *, names: RedisNames, starts: Starts, clock: Callable[[], int] | None = None
    ) -> None:
        self._sealer = Sealer(key, purpose=b"messages", clock=clock)
        self._names = names
        self._starts = starts
        self._senders = Senders(starts.knows)
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

    def beat(self, node: str) -> bytes:
        return self._seal(_Beat(NODES_CHANNEL, node))

    def encode(self, message: Message | NodeMessage) -> bytes | None:
        """None for a signal, or for commands, too big to be sent."""
        match message:
            case Arrival(channel, info, joined):
                return self._seal(_Arrival(channel, info, joined))
            case Ack(channel, number):
                return self._seal(_Receipt(channel, number))
            case ForwardedCommand(channel, sender, number, session, data):
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
        return self._sealer.is_own(frame[START_BYTES : START_BYTES + OVERHEAD_BYTES])

    def decode(self, name: bytes, frame: bytes) -> Received:
        """Raises Refused. A frame is taken once."""
        if not len(frame) <= MAX_FRAME_BYTES:
            raise Refused("malformed")
        start = frame[:START_BYTES]
        try:
            opened = self._sealer.open(frame[START_BYTES:], start + name)
        except NotSealed:
            raise Refused("foreign") from None
        except Forged:
            raise Refused("forged") from None
        if not self._starts.accepts(start):
            raise Refused("stranger")
        try:
            content = self._decoder.decode(opened.content)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Refused("malformed") from error
        is_beat = isinstance(content, _Beat)
        if not self._senders.accept(opened.sealer, opened.number, start, is_beat=is_beat):
            raise Refused("repeated")
        return Received(_message(content), opened.sealer == self._sealer.sealer)

    def _seal(self, content: _Content) -> bytes:
        start = self._starts.newest
        context = start + self.name_of(content.channel)
        return start + self._sealer.seal(self._encoder.encode(content), context)


def _message(content: _Content) -> Message | Hint | NodeMessage | Beat:
    match content:
        case _Publication(channel, data, offset, epoch, type_, info):
            return Publication(channel, data, offset, epoch, type_, info)
        case _Arrival(channel, info, joined):
            return Arrival(channel, info, joined)
        case _Hint(channel, offset, epoch):
            return Hint(channel, Position(epoch, offset))
        case _Forwarded(channel, sender, number, session, data):
            return ForwardedCommand(channel, sender, number, session, data)
        case _Receipt(channel, number):
            return Ack(channel, number)
        case _Beat(_, node):
            return Beat(node)
