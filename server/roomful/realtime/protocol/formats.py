"""How messages are written down: Centrifuge JSON or protobuf, its unidirectional JSON, plain and server-sent events."""

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec
from msgspec import UNSET, Raw

from roomful.realtime.protocol import protobuf
from roomful.realtime.protocol.messages import Command, ConnectRequest, Info, Join, Leave, Pub, Push, Reply
from roomful.realtime.publication import Arrival, ClientInfo, Message, Position, Publication


class Malformed(Exception):
    """These bytes are no command."""


class PushFormat(Protocol):
    """Writes a channel's messages for subscribers. Equal formats write equal bytes."""

    @property
    def name(self) -> str: ...

    @property
    def is_text(self) -> bool: ...

    def push(self, message: Message) -> bytes | None:
        """The message as its subscribers get it; None where this format does not tell of such a thing."""


class StreamFormat(PushFormat, Protocol):
    """Tells a reader, who says nothing, of a break in its stream besides."""

    def reset(self, position: Position) -> bytes:
        """What the reader knows belongs to a history that is gone, or it missed too much: it goes on from here."""


class ClientFormat(PushFormat, Protocol):
    """Writes replies, and reads commands, besides."""

    def decode(self, data: str | bytes) -> Iterator[Command]:
        """The commands of one frame, in order. Raises Malformed when it comes to one that is none."""

    def encode(self, reply: Reply) -> bytes: ...


class JsonFormat:
    """Centrifuge JSON: one message, or several on lines of their own."""

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
    """What a client hears that says no more than its connect request: pushes alone, each by itself."""

    name = "unidirectional"
    is_text = True

    def decode(self, data: str | bytes) -> Iterator[Command]:
        """The one command that a connect request stands for; nothing is an empty request."""
        try:
            yield Command(1, connect=_connect_request.decode(data if data.strip() else b"{}"))
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise Malformed from error

    def encode(self, reply: Reply) -> bytes:
        return _encoder.encode(reply.push or Push(connect=reply.connect))

    def push(self, message: Message) -> bytes:
        return _encoder.encode(as_push(message))


class ProtobufFormat:
    """Centrifuge protobuf: each message behind its length, so that several may follow one another."""

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
    """Each message is one event as it stands in the log, and nothing else."""

    name = "plain"
    is_text = True

    def push(self, message: Message) -> bytes | None:
        return message.data if isinstance(message, Publication) and message.offset else None

    def reset(self, position: Position) -> bytes:
        return _encoder.encode({"recovered": False, "offset": position.offset, "epoch": position.epoch})


class EventSourceFormat:
    """Server-sent events (HTML Living Standard, 9.2): the offset is the id, the data one event as it stands in the log.

    JSON as we encode it holds no line break, so that none can begin a field of its own.
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
    if isinstance(message, Arrival):
        info = as_info(message.info)
        return Push(message.channel, join=Join(info)) if message.joined else Push(message.channel, leave=Leave(info))
    return Push(message.channel, pub=as_pub(message))


def as_pub(publication: Publication) -> Pub:
    info = None if publication.info is None else as_info(publication.info)
    return Pub(Raw(publication.data), info, publication.offset)


def as_pubs(publications: Sequence[Publication]) -> list[Pub]:
    return [as_pub(publication) for publication in publications]


def as_info(client: ClientInfo) -> Info:
    return Info(client.user, client.client, Raw(client.info) if client.info else UNSET)


_LINE = re.compile(r"[^ \t\r\n].*")
"""What is on a line of its own, if it is not blank."""

_connect_request = msgspec.json.Decoder(ConnectRequest)
_command = msgspec.json.Decoder(Command)
_encoder = msgspec.json.Encoder()
