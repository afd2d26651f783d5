"""Whatever a client sends gets replies or a close code that names the side at fault, and never causes an error."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Self

import msgspec
import pytest
from centrifuge.protocol import client_pb2 as official
from hypothesis import given, settings
from hypothesis import strategies as st

from roomful.realtime.limits import Limits
from roomful.realtime.protocol import codes, protobuf
from roomful.realtime.protocol.formats import JSON, PROTOBUF, ClientFormat
from roomful.realtime.session.session import Mode
from tests.support.commands import METHODS, commands, connecting, frame_of, json_values
from tests.support.engine import ListTransport, running_engine

CHANNELS = ("project:1", "signal:1", "user:ada", "project:", "x" * 300, "", "\ud7ff:é")
EXPECTED_CODES = {
    codes.BAD_COMMAND.code,
    codes.CONNECTION_EXPIRED.code,
    codes.INVALID_TOKEN.code,
    codes.TOO_MANY_COMMANDS.code,
    codes.UNAVAILABLE.code,
}
FORMATS = pytest.mark.parametrize("client_format", [JSON, PROTOBUF], ids=["json", "protobuf"])

any_commands = commands(tokens=["ada", "bad", "old-ada", ""], channels=CHANNELS)
connect_requests = connecting(tokens=["ada", "ada", "bad", "old-ada", ""], channels=CHANNELS)


class Faults(logging.Handler):
    """The server's own faults in the log."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def __enter__(self) -> Self:
        logging.getLogger("roomful").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("roomful").removeHandler(self)


async def converse(
    client_format: ClientFormat, frames: Sequence[str | bytes], mode: Mode = "bidirectional"
) -> ListTransport:
    """Send this to a session of its own node, and wait until it is handled."""
    with Faults() as faults:
        transport = await _converse(client_format, frames, mode)
    assert faults.records == []
    if transport.closed_with is not None:
        assert transport.closed_with[0] in EXPECTED_CODES, transport.closed_with
    return transport


async def _converse(client_format: ClientFormat, frames: Sequence[str | bytes], mode: Mode) -> ListTransport:
    async with running_engine(limits=Limits(queued_commands=20)) as engine:
        for channel in CHANNELS[:3]:
            engine.history.open(channel)
        session, transport = engine.session(client_format=client_format, mode=mode)
        for frame in frames:
            session.receive(frame)
        await engine.node.task_scope.drain(2.0)
        assert not len(engine.node.task_scope), "a command goes on for ever"
        session.closed(1006)
        assert not engine.hub.subscription_count
        assert not len(engine.node.sessions)
        assert not len(engine.node.emulation)
    return transport


@FORMATS
@settings(deadline=None)
@given(said=st.lists(any_commands, max_size=12), signs_in=st.booleans())
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


@settings(deadline=None)
@given(frames=st.lists(st.binary(max_size=40) | connect_requests.map(msgspec.json.encode), min_size=1, max_size=3))
def test_any_connect_request(frames: list[bytes]) -> None:
    transport = asyncio.run(converse(JSON, frames, "unidirectional"))
    if transport.closed_with is not None:
        assert transport.messages[-1]["disconnect"]["code"] == transport.closed_with[0]
    else:
        assert transport.messages[0]["connect"].get("subs", {}).keys() <= set(CHANNELS)


@FORMATS
@settings(deadline=None)
@given(frames=st.lists(st.binary(max_size=40), max_size=3))
def test_any_frames_of_an_emulated_client(client_format: ClientFormat, frames: list[bytes]) -> None:
    hello = frame_of([{"id": 1, "connect": {"token": "ada"}}], client_format)
    asyncio.run(converse(client_format, [hello, *frames], "emulated"))


@FORMATS
def test_a_frame_of_a_million_pongs_is_not_read_to_its_end(client_format: ClientFormat) -> None:
    frame = b"\0" * 2**20 if client_format is PROTOBUF else "{}\n" * 2**19
    assert asyncio.run(converse(client_format, [frame])).closed_with == (3501, "bad request")
