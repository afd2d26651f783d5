"""Publishing by a program that embeds the engine: JSON, on one line."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from roomful.realtime.policy import Credentials, client_of
from roomful.realtime.publication import ClientInfo, Position
from tests.support.engine import Engine, ListTransport, running_engine
from tests.unit.realtime.session.test_session import say, subscribed, until

CHANNEL = "project:1"
NO_JSON = [b"", b"{", b"{}{}", b"plain", b"\xff", b"[" * 3000, b'"a\nb"']


def publish(engine: Engine, data: bytes, info: ClientInfo | None) -> None:
    engine.policy.channels.publish(CHANNEL, data, info=info)


def publish_without_recording(engine: Engine, data: bytes, info: ClientInfo | None) -> None:
    engine.policy.channels.publish_without_recording(CHANNEL, data, info=info)


Publish = Callable[[Engine, bytes, ClientInfo | None], None]
both = pytest.mark.parametrize("publish", [publish, publish_without_recording])


def pushes(transport: ListTransport) -> list[Any]:
    return [message["push"]["pub"] for message in transport.messages if "push" in message]


@both
async def test_json_on_several_lines_is_put_on_one(publish: Publish) -> None:
    async with running_engine() as engine:
        _, seen = await subscribed(engine, CHANNEL)
        seen.take()
        seen._read = bytes
        publish(engine, b'{\r\n  "n": 1,\n  "x": "a\\nb"\n}', ClientInfo("c", "u", b'{\n"name": "Ada"}'))
        await until(lambda: seen.messages)
        [line] = seen.messages
        assert not {*b"\r\n"} & {*line}
        pub = msgspec.json.decode(line)["push"]["pub"]
        assert pub["data"] == {"n": 1, "x": "a\nb"}
        assert pub["info"]["conn_info"] == {"name": "Ada"}


@both
@pytest.mark.parametrize("data", NO_JSON)
async def test_invalid_json_is_refused_and_reaches_nobody(publish: Publish, data: bytes) -> None:
    async with running_engine() as engine:
        _, seen = await subscribed(engine, CHANNEL)
        before: Position = engine.history.open(CHANNEL)
        with pytest.raises(ValueError, match="must be JSON"):
            publish(engine, data, None)
        if data:
            with pytest.raises(ValueError, match="must be JSON"):
                publish(engine, b"{}", ClientInfo("c", "u", data))
        assert engine.history.open(CHANNEL) == before
        publish(engine, b'{"after":1}', None)
        await until(lambda: pushes(seen))
        assert [pub["data"] for pub in pushes(seen)] == [{"after": 1}]


async def test_json_on_one_line_stays_as_it_is() -> None:
    async with running_engine() as engine:
        data = b'{"a":  1, "b":[ ]}'
        assert engine.policy.channels.publish(CHANNEL, data).data is data


@pytest.mark.parametrize("info", NO_JSON[1:])
async def test_connection_info_must_be_json(info: bytes) -> None:
    assert client_of(Credentials("ada", info=b'{\n"name":"Ada"\n}')).info == b'{"name":"Ada"}'
    assert client_of(Credentials("ada")).info == b""
    with pytest.raises(ValueError, match="must be JSON"):
        client_of(Credentials("ada", info=info))


async def test_a_call_result_is_on_one_line_and_invalid_json_ends_the_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running_engine() as engine:
        answers = [b'{\n"n": 1\n}', b"no JSON"]

        async def call(*_: object) -> bytes:
            return answers.pop(0)

        monkeypatch.setattr(engine.policy, "call", call)
        session, seen = await subscribed(engine, CHANNEL)
        say(session, {"id": 5, "rpc": {"method": "m"}})
        await until(lambda: any(message.get("id") == 5 for message in seen.messages))
        assert msgspec.json.encode(seen.messages[-1]) == b'{"id":5,"rpc":{"data":{"n":1}}}'
        say(session, {"id": 6, "rpc": {"method": "m"}})
        await until(lambda: seen.closed_with)
        assert seen.closed_with == (3004, "internal server error")
