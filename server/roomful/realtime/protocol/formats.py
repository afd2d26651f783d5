"""The formats of messages: Centrifuge JSON or protobuf, its unidirectional JSON, plain and server-sent events."""

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec
from msgspec import UNSET, Raw

from roomful.realtime.protocol import protobuf
from roomful.realtime.protocol.commands import Command, ConnectRequest
from roomful.realtime.protocol.replies import (
    Info,
    JoinPush,
    LeavePush,
    Pub,
    Push,
    Reply,
)
from roomful.realtime.publication import ClientInfo, Join, Message, Position, Publication


class Malformed(Exception):
    """These bytes are not a command."""


class PushFormat(Protocol):
    """Writes a channel's messages for subscribers. Equal formats write equal bytes."""

    @property
    def name(self) -> str: ...

    @property
    def is_text(self) -> bool: ...

    def push(self, message: Message) -> bytes | None:
        """The message as subscribers get it. None if this format has nothing for it."""


class StreamFormat(PushFormat, Protocol):
    """Also reports a break in the stream, to a reader that sends nothing."""

    def reset(self, position: Position) -> bytes:
        """The stream goes on from this position: the reader's history is gone, or it missed too much."""


class ClientFormat(PushFormat, Protocol):
    """Also reads commands and writes replies."""

    def decode(self, data: str | bytes) -> Iterator[Command]:
        """The commands of one frame, in order. Raises Malformed when it reaches an invalid one."""

    def encode(self, reply: Reply) -> bytes: ...


class JsonFormat:
    """Centrifuge JSON: one message, or several on separate lines."""

    name = "json"
    is_text = True

    def decode(self, data: str | bytes) -> Iterator[Command]:
        try:
            text = data if isinstance(data, str) else data.decode()
            for line in _LINE.finditer(text):
                yield _command.decode(line[0])
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise Malformed from error

    def encode(self, reply: Reply) -> bytes:
        return _encoder.encode(reply)

    def push(self, message: Message) -> bytes:
        return _encoder.encode(Reply(push=as_push(message)))


class UnidirectionalFormat:
    """Centrifuge JSON for unidirectional clients: a connect request in, and single pushes out."""

    name = "unidirectional"
    is_text = True

    def decode(self, data: str | bytes) -> Iterator[Command]:
        """The connect command of a request, which may be empty."""
        try:
            yield Command(1, connect=_connect_request.decode(data if data.strip() else b"{}"))
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise Malformed from error

    def encode(self, reply: Reply) -> bytes:
        return _encoder.encode(reply.push or Push(connect=reply.connect))

    def push(self, message: Message) -> bytes:
        return _encoder.encode(as_push(message))


class ProtobufFormat:
    """Centrifuge protobuf: messages one after the other, each behind its length."""

    name = "protobuf"
    is_text = False

    def decode(self, data: str | bytes) -> Iterator[Command]:
        if isinstance(data, str):
            raise Malformed("text on a connection that speaks protobuf")
        try:
            for message in protobuf.split(data):
                yield protobuf.decode(Command, message)
        except protobuf.NotProtobuf as error:
            raise Malformed from error

    def encode(self, reply: Reply) -> bytes:
        return protobuf.delimit(protobuf.encode(reply))

    def push(self, message: Message) -> bytes:
        return self.encode(Reply(push=as_push(message)))


class PlainFormat:
    """Each message is one event, as it is in the log."""

    name = "plain"
    is_text = True

    def push(self, message: Message) -> bytes | None:
        return message.data if isinstance(message, Publication) and message.offset else None

    def reset(self, position: Position) -> bytes:
        return _encoder.encode({"recovered": False, "offset": position.offset, "epoch": position.epoch})


class EventSourceFormat:
    """Server-sent events (HTML Living Standard, 9.2): the offset is the id, the data one event as it is in the log.

    Our JSON has no line breaks, which would begin another field.
    """

    name = "event-source"
    is_text = True

    def push(self, message: Message) -> bytes | None:
        if not isinstance(message, Publication) or not message.offset:
            return None
        return b"id: %d\ndata: %b\n\n" % (message.offset, message.data)

    def reset(self, position: Position) -> bytes:
        return b"id: %d\nevent: reset\ndata: %b\n\n" % (position.offset, PLAIN.reset(position))


JSON = JsonFormat()
PROTOBUF = ProtobufFormat()
UNIDIRECTIONAL = UnidirectionalFormat()
PLAIN = PlainFormat()
EVENT_SOURCE = EventSourceFormat()


def as_push(message: Message) -> Push:
    if isinstance(message, Publication):
        return Push(message.channel, pub=as_pub(message))
    info = as_info(message.info)
    if isinstance(message, Join):
        return Push(message.channel, join=JoinPush(info))
    return Push(message.channel, leave=LeavePush(info))


def as_pub(publication: Publication) -> Pub:
    info = None if publication.info is None else as_info(publication.info)
    return Pub(Raw(publication.data), info, publication.offset)


def as_pubs(publications: Sequence[Publication]) -> list[Pub]:
    return [as_pub(publication) for publication in publications]


def as_info(client: ClientInfo) -> Info:
    return Info(client.user, client.client, Raw(client.info) if client.info else UNSET)


_LINE = re.compile(r"[^ \t\r\n].*")
"""A line that is not blank."""

_connect_request = msgspec.json.Decoder(ConnectRequest)
_command = msgspec.json.Decoder(Command)
_encoder = msgspec.json.Encoder()
