"""Messages as the contents of envelopes in Redis."""

from typing import Annotated

import msgspec

from roomful.link.envelopes import MAX_CONTENT_BYTES
from roomful.link.sealed_redis import Malformed
from roomful.realtime.publication import (
    Ack,
    ClientInfo,
    ForwardedCommand,
    Hint,
    Join,
    Leave,
    Message,
    NodeMessage,
    Position,
    Publication,
)

MAX_DATA_BYTES = MAX_CONTENT_BYTES - 1024
"""A larger event is sent as a hint, and read from the log."""


class _Publication(msgspec.Struct, tag="publication", tag_field="kind", array_like=True, frozen=True, gc=False):
    channel: str
    data: bytes
    offset: Annotated[int, msgspec.Meta(ge=0)]
    epoch: str
    type: str
    info: ClientInfo | None


class _JoinOrLeave(msgspec.Struct, tag="arrival", tag_field="kind", array_like=True, frozen=True, gc=False):
    channel: str
    info: ClientInfo
    joined: bool


class _Hint(msgspec.Struct, tag="hint", tag_field="kind", array_like=True, frozen=True, gc=False):
    channel: str
    offset: Annotated[int, msgspec.Meta(ge=1)]
    epoch: str


class _ForwardedCommand(msgspec.Struct, tag="forwarded", tag_field="kind", array_like=True, frozen=True, gc=False):
    channel: str
    sender: str
    number: int
    session: str
    data: bytes


class _Ack(msgspec.Struct, tag="receipt", tag_field="kind", array_like=True, frozen=True, gc=False):
    channel: str
    number: int


_Content = _Publication | _JoinOrLeave | _Hint | _ForwardedCommand | _Ack
"""The tags are the wire's, which nodes of two versions share."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Content)


def encode(message: Message | NodeMessage) -> bytes | None:
    """None for a signal or commands that are too large."""
    content = _content(message)
    return None if content is None else _encoder.encode(content)


def decode(content: bytes) -> Message | Hint | NodeMessage:
    """Raises Malformed."""
    try:
        return _message(_decoder.decode(content))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Malformed from error


def _content(message: Message | NodeMessage) -> _Content | None:
    match message:
        case Join(channel, info):
            return _JoinOrLeave(channel, info, joined=True)
        case Leave(channel, info):
            return _JoinOrLeave(channel, info, joined=False)
        case Ack(channel, number):
            return _Ack(channel, number)
        case ForwardedCommand(channel, sender, number, session, data):
            return _ForwardedCommand(channel, sender, number, session, data) if len(data) <= MAX_DATA_BYTES else None
        case Publication(channel, data, offset, epoch, type_, info):
            if len(data) <= MAX_DATA_BYTES:
                return _Publication(channel, data, offset, epoch, type_, info)
            return _Hint(channel, offset, epoch) if offset else None


def _message(content: _Content) -> Message | Hint | NodeMessage:
    match content:
        case _Publication(channel, data, offset, epoch, type_, info):
            return Publication(channel, data, offset, epoch, type_, info)
        case _JoinOrLeave(channel, info, joined):
            return Join(channel, info) if joined else Leave(channel, info)
        case _Hint(channel, offset, epoch):
            return Hint(channel, Position(epoch, offset))
        case _ForwardedCommand(channel, sender, number, session, data):
            return ForwardedCommand(channel, sender, number, session, data)
        case _Ack(channel, number):
            return Ack(channel, number)
