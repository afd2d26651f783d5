"""The protobuf encoding, against the Python SDK's copy of the official schema and Google's library."""

import base64
from typing import Any

import pytest
from centrifuge.protocol import client_pb2 as official
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import ParseDict
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Raw, Struct, inspect

from roomful.realtime.protocol import protobuf
from roomful.realtime.protocol.commands import (
    Command,
    ConnectRequest,
    HistoryRequest,
    PublishRequest,
    StreamPosition,
    SubscribeRequest,
)
from roomful.realtime.protocol.field_numbers import FIELD_NUMBERS
from roomful.realtime.protocol.formats import PROTOBUF, Malformed
from roomful.realtime.protocol.replies import (
    ConnectResult,
    Empty,
    Error,
    Info,
    JoinPush,
    LeavePush,
    PresenceResult,
    Pub,
    Push,
    Reply,
    SubscribeResult,
    UnsubscribePush,
)

NOT_SPOKEN = {
    "ConnectRequest": {"flag"},
    "ConnectResult": {"time"},
    "SubscribeRequest": {"tf"},
    "SubscribeResult": {"id"},
    "Push": {"id", "message", "subscribe", "connect", "refresh"},
    "Publication": {"time", "channel"},
    "Disconnect": {"reconnect"},
}
"""Fields of the official schema that have no meaning here."""

NEWER = {"SubscribeRequest": {"type"}}
"""Fields that SDKs send but the Python SDK's schema lacks."""

NUMERIC = {
    FieldDescriptor.TYPE_UINT32,
    FieldDescriptor.TYPE_INT32,
    FieldDescriptor.TYPE_INT64,
    FieldDescriptor.TYPE_UINT64,
}


def matches(field: Any, declared: inspect.Type) -> object:
    """Whether our type is encoded like the official field."""
    match declared:
        case inspect.UnionType(types=(one, inspect.NoneType())):
            return matches(field, one)
        case inspect.IntType():
            return field.type in NUMERIC
        case inspect.BoolType():
            return field.type == FieldDescriptor.TYPE_BOOL
        case inspect.StrType():
            return field.type == FieldDescriptor.TYPE_STRING
        case inspect.RawType():
            return field.type == FieldDescriptor.TYPE_BYTES
        case inspect.StructType(cls=kind):
            return compare(kind, field.message_type)
        case inspect.ListType(item_type=item):
            return field.is_repeated and matches(field, item)
        case inspect.DictType(value_type=value):
            return field.message_type.GetOptions().map_entry and matches(
                field.message_type.fields_by_name["value"], value
            )
    return False


def compare(kind: type[Struct], descriptor: Any) -> bool:
    """Whether our message has the official one's numbers and kinds, recursively."""
    types = {field.name: field.type for field in inspect.type_info(kind).fields}  # type: ignore[attr-defined]
    expected = {field.name: field for field in descriptor.fields}
    known = FIELD_NUMBERS[kind].keys() - NEWER.get(descriptor.name, set())
    assert known == expected.keys() - NOT_SPOKEN.get(descriptor.name, set()), descriptor.name
    for name in known:
        assert FIELD_NUMBERS[kind][name] == expected[name].number, (descriptor.name, name)
        assert matches(expected[name], types[name]), (descriptor.name, name)
    return True


@pytest.mark.parametrize(("kind", "name"), [(Command, "Command"), (Reply, "Reply")])
def test_every_field_is_that_of_the_official_schema(kind: type[Struct], name: str) -> None:
    assert compare(kind, official.DESCRIPTOR.message_types_by_name[name])


INFO = Info("ada", "c-1", Raw(b'{"name":"Ada"}'))
PUB = Pub(Raw(b'{"a": 1}'), INFO, 2**40, {"kind": "x"}, True)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(),
        Reply(7, publish=Empty()),
        Reply(2**32 - 1, Error(100, "internal", True)),
        Reply(
            1, connect=ConnectResult("c-1", "1.0", 25, True, subs={"user:1": SubscribeResult(), "": SubscribeResult()})
        ),
        Reply(
            2,
            subscribe=SubscribeResult(epoch="é", offset=2**63 - 1, publications=[PUB, Pub(Raw(b"0"))], recovered=True),
        ),
        Reply(3, presence=PresenceResult({"c-1": INFO, "c-2": Info("bob", "c-2")})),
        Reply(push=Push("project:1", pub=PUB)),
        Reply(push=Push("project:1", join=JoinPush(INFO))),
        Reply(push=Push("project:1", leave=LeavePush(INFO))),
        Reply(push=Push("project:1", unsubscribe=UnsubscribePush(2500, "insufficient state"))),
    ],
    ids=lambda reply: str(reply)[:60],
)
def test_replies_are_read_by_the_official_library(reply: Reply) -> None:
    expected = ParseDict(_official_json(reply), official.Reply())
    assert official.Reply.FromString(protobuf.encode(reply)) == expected


@pytest.mark.parametrize(
    "command",
    [
        Command(),
        Command(
            2**32 - 1,
            ConnectRequest("token", Raw(b"\xff\x00"), "js", "5.8.0", {"user:1": SubscribeRequest("user:1", offset=3)}),
        ),
        Command(1, connect=ConnectRequest(headers={"x": "1", "": "y"})),
        Command(2, subscribe=SubscribeRequest("a", recover=True, epoch="ü", offset=2**64 - 1, delta="fossil", flag=-1)),
        Command(3, publish=PublishRequest("a", Raw(b"x" * 300))),
        Command(4, history=HistoryRequest("a", -1, StreamPosition(2**64 - 1, "e"), True)),
    ],
    ids=lambda command: str(command)[:60],
)
def test_commands_of_the_official_library_are_read(command: Command) -> None:
    written = ParseDict(_official_json(command), official.Command(), ignore_unknown_fields=True).SerializeToString()
    assert protobuf.decode(Command, written) == command
    assert protobuf.decode(Command, protobuf.encode(command)) == command


def test_a_frame_holds_many_commands() -> None:
    commands = [Command(n, history=HistoryRequest("a", n)) for n in range(1, 300)]
    frame = b"".join(protobuf.delimit(protobuf.encode(command)) for command in commands)
    assert list(PROTOBUF.decode(frame)) == commands


def test_a_ping_is_an_empty_message() -> None:
    assert PROTOBUF.encode(Reply()) == b"\0"
    assert next(PROTOBUF.decode(b"\0")).is_pong


def test_unknown_fields_are_ignored() -> None:
    unknown = b"\xf8\x07\x01" + b"\xfa\x07\x02hi" + b"\xf9\x07" + bytes(8) + b"\xfd\x07" + bytes(4)
    # A known number with another wire type is unknown too.
    assert protobuf.decode(Command, unknown + b"\x0a\x01x" + b"\x08\x05" + unknown) == Command(5)


def test_a_message_in_pieces_is_put_together() -> None:
    pieces = [Command(1, publish=PublishRequest("a")), Command(publish=PublishRequest(data=Raw(b"1")))]
    joined = b"".join(protobuf.encode(piece) for piece in pieces)
    assert protobuf.decode(Command, joined) == Command(1, publish=PublishRequest("a", Raw(b"1")))


@pytest.mark.parametrize(
    "data",
    [
        b"\x80",
        b"\x05\x08",
        b"\xff" * 11,
        b"\x02\x08\x80",
        b"\x02\x00\x01",  # field number 0
        b"\x02\x0b\x0c",  # a group
        b"\x02\x0f\x01",  # a wire type that does not exist
        b"\x03\x2a\x02\x0a",  # a message that ends beyond its own end
        b"\x05\x2a\x03\x0a\x01\xff",  # a channel that is not UTF-8
        b"\x06\x08\xff\xff\xff\xff\x7f",  # an id of 35 bits
        "{}",
    ],
)
def test_other_bytes_are_malformed(data: str | bytes) -> None:
    with pytest.raises(Malformed):
        list(PROTOBUF.decode(data))


@given(data=st.binary())
def test_any_bytes_are_commands_or_malformed(data: bytes) -> None:
    try:
        commands = list(PROTOBUF.decode(data))
    except Malformed:
        return
    again = b"".join(protobuf.delimit(protobuf.encode(command)) for command in commands)
    assert list(PROTOBUF.decode(again)) == commands


@given(value=st.integers(min_value=-(2**31), max_value=2**31 - 1))
def test_numbers_are_the_official_ones(value: int) -> None:
    written = official.HistoryRequest(limit=value).SerializeToString()
    assert protobuf.encode(HistoryRequest(limit=value)) == written
    assert protobuf.decode(HistoryRequest, written).limit == value


def _official_json(value: Any) -> Any:
    """As the official library's JSON: bytes in Base64."""
    match value:
        case Struct():
            parts = {name: getattr(value, name) for name in value.__struct_fields__}
            return {name: _official_json(part) for name, part in parts.items() if part not in (None, UNSET)}
        case dict():
            return {key: _official_json(part) for key, part in value.items()}
        case list():
            return [_official_json(part) for part in value]
        case Raw():
            return base64.b64encode(bytes(value)).decode()
    return value
