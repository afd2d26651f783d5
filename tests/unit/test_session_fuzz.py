"""Whatever a client says is answered: by replies, or by a close code that says who was at fault, never by a fault."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Self

import msgspec
import pytest
from centrifuge.protocol import client_pb2 as official
from google.protobuf.json_format import ParseDict
from hypothesis import given, settings
from hypothesis import strategies as st

from server.realtime.node import Limits
from server.realtime.protocol import codes, protobuf
from server.realtime.protocol.formats import JSON, PROTOBUF, ClientFormat
from server.realtime.protocol.messages import Command
from tests.support.engine import ListTransport, running_engine

CHANNELS = ("project:1", "signal:1", "user:ada", "project:", "x" * 300, "", "\ud7ff:é")
METHODS = tuple(name for name in Command.__struct_fields__ if name != "id")
EXPECTED_CODES = {
    codes.BAD_COMMAND.code,
    codes.CONNECTION_EXPIRED.code,
    codes.INVALID_TOKEN.code,
    codes.TOO_MANY_COMMANDS.code,
    codes.UNAVAILABLE.code,
}
FORMATS = pytest.mark.parametrize("client_format", [JSON, PROTOBUF], ids=["json", "protobuf"])

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
fields = st.fixed_dictionaries(
    {},
    optional={
        "token": st.sampled_from(["ada", "bad", "old-ada", ""]),
        "channel": st.sampled_from(CHANNELS),
        "recover": st.booleans(),
        "epoch": st.sampled_from(["", "_"]),
        "offset": st.integers(0, 2**63 - 1),
        "data": st.binary(max_size=20),
        "limit": st.integers(-(2**31), 2**31 - 1),
        "since": st.fixed_dictionaries({"offset": st.integers(0, 2**63 - 1)}),
        "reverse": st.booleans(),
        "flag": st.integers(-(2**63), 2**63 - 1),
        "type": st.integers(-2, 4),
        "method": st.text(max_size=5),
        "subs": st.dictionaries(st.sampled_from(CHANNELS), st.just({"recover": True}), max_size=2),
    },
)
commands = st.builds(
    lambda id_, methods: {"id": id_, **methods},
    st.integers(0, 2**32 - 1),
    st.dictionaries(st.sampled_from(METHODS), fields, min_size=1, max_size=1)
    | st.dictionaries(st.sampled_from(METHODS), fields, max_size=2),
)


def frame_of(said: Sequence[dict[str, Any]], client_format: ClientFormat) -> str | bytes:
    if client_format is PROTOBUF:
        messages = [ParseDict(msgspec.to_builtins(one), official.Command(), ignore_unknown_fields=True) for one in said]
        return b"".join(protobuf.delimit(message.SerializeToString()) for message in messages)
    return b"\n".join(msgspec.json.encode(one) for one in said)


class Faults(logging.Handler):
    """What the server logs as a fault of its own."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def __enter__(self) -> Self:
        logging.getLogger("server").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("server").removeHandler(self)


async def converse(client_format: ClientFormat, frames: Sequence[str | bytes]) -> ListTransport:
    """Say this to a session of a node of its own, and wait for the end of what it does."""
    with Faults() as faults:
        transport = await _converse(client_format, frames)
    assert faults.records == []
    if transport.closed_with is not None:
        assert transport.closed_with[0] in EXPECTED_CODES, transport.closed_with
    return transport


async def _converse(client_format: ClientFormat, frames: Sequence[str | bytes]) -> ListTransport:
    async with running_engine(limits=Limits(queued_commands=20)) as engine:
        for channel in CHANNELS[:3]:
            engine.history.open(channel)
        session, transport = engine.session(client_format=client_format)
        for frame in frames:
            session.receive(frame)
        await engine.node.crew.drain(2.0)
        assert not len(engine.node.crew), "a command goes on for ever"
        session.closed(1006)
        assert not engine.hub.subscription_count
        assert not len(engine.node.sessions)
    return transport


@FORMATS
@settings(deadline=None)
@given(said=st.lists(commands, max_size=12), signs_in=st.booleans())
def test_any_commands(client_format: ClientFormat, said: list[dict[str, Any]], signs_in: bool) -> None:
    hello = [{"id": 1, "connect": {"token": "ada"}}] if signs_in else []
    transport = asyncio.run(converse(client_format, [frame_of(hello + said, client_format)]))
    for written in transport.messages if client_format is PROTOBUF else ():
        assert [official.Reply.FromString(message) for message in protobuf.split(written)]


@FORMATS
@settings(deadline=None)
@given(frames=st.lists(st.binary(max_size=40) | st.text(max_size=40), max_size=5), signs_in=st.booleans())
def test_any_frames(client_format: ClientFormat, frames: list[str | bytes], signs_in: bool) -> None:
    hello = frame_of([{"id": 1, "connect": {"token": "ada"}}] if signs_in else [], client_format)
    asyncio.run(converse(client_format, [hello, *frames]))


@settings(deadline=None)
@given(values=st.lists(json_values | st.dictionaries(st.sampled_from(("id", *METHODS)), json_values), max_size=5))
def test_any_json(values: list[Any]) -> None:
    frame = b"\n".join(msgspec.json.encode(value) for value in values)
    asyncio.run(converse(JSON, [b'{"id":1,"connect":{"token":"ada"}}', frame]))


@FORMATS
def test_a_frame_of_a_million_pongs_is_not_read_to_its_end(client_format: ClientFormat) -> None:
    frame = b"\0" * 2**20 if client_format is PROTOBUF else "{}\n" * 2**19
    assert asyncio.run(converse(client_format, [frame])).closed_with == (3501, "bad request")
