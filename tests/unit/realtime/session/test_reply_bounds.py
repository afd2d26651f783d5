"""Bounds on what the server holds for one client."""

import asyncio
import time
from typing import Any

import pytest

from roomful.realtime.history.port import PAGE_BYTES
from roomful.realtime.limits import Limits
from roomful.realtime.node import lost_recoveries
from roomful.realtime.policy import Credentials
from roomful.realtime.presence.port import Entry
from roomful.realtime.publication import ClientInfo, Position
from roomful.realtime.session import session as session_module
from roomful.realtime.session.event_stream import EventStream
from tests.support.engine import Engine, ListTransport, running_engine
from tests.unit.realtime.session.test_session import answers, connected, say, subscribed, until

CHANNEL = "project:1"
HEAVY = "x" * 9_000
"""Fourteen such events fit into a reply, and three into one that surely arrives."""


def record(engine: Engine, count: int, channel: str = CHANNEL) -> str:
    for number in range(count):
        engine.publish(channel, n=number, text=HEAVY)
    return engine.history.open(channel).epoch


async def recover(engine: Engine, offset: int, **fields: Any) -> dict[str, Any]:
    session, transport = await connected(engine)
    say(session, {"id": 2, "subscribe": {"channel": CHANNEL, "recover": True, "offset": offset, **fields}})
    reply = (await answers(transport, 1))[0]
    session.closed(1001)
    return dict(reply.get("subscribe") or reply)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("page_bytes", [PAGE_BYTES, 1])
async def test_a_history_reply_holds_no_more_than_a_page(reverse: bool, page_bytes: int) -> None:
    async with running_engine(limits=Limits(page_bytes=page_bytes)) as engine:
        record(engine, 100)
        session, transport = await connected(engine)
        say(session, {"id": 2, "history": {"channel": CHANNEL, "limit": -1, "reverse": reverse}})
        (reply,) = await answers(transport, 1)
        offsets = [pub["offset"] for pub in reply["history"]["publications"]]
        count = 14 if page_bytes == PAGE_BYTES else 1
        assert offsets == (list(range(100, 100 - count, -1)) if reverse else list(range(1, count + 1)))
        assert reply["history"]["offset"] == 100


async def test_more_than_one_reply_holds_is_not_recovered() -> None:
    async with running_engine() as engine:
        epoch = record(engine, 30)
        assert [pub["offset"] for pub in (await recover(engine, 20))["publications"]] == list(range(21, 31))
        too_much = await recover(engine, 10)
        assert "publications" not in too_much
        assert (too_much["was_recovering"], too_much["offset"], too_much["epoch"]) == (True, 30, epoch)
        assert (await recover(engine, 10, flag=2))["error"]["code"] == 112


async def test_more_events_than_can_be_recovered_are_not_even_read() -> None:
    async with running_engine(tail_length=2, history_size=1000) as engine:
        for number in range(400):
            engine.publish(CHANNEL, n=number)
        assert "recovered" not in await recover(engine, 50)
        assert engine.hub.counters.log_reads == 0


async def test_channels_at_connect_share_one_reply() -> None:
    async with running_engine() as engine:
        channels = [f"project:{number}" for number in range(5)]
        for channel in channels:
            record(engine, 10, channel)
        session, transport = engine.session(mode="unidirectional")
        subs = ", ".join(f'"{channel}": {{"recover": true, "offset": 4}}' for channel in channels)
        session.receive(f'{{"token": "ada", "subs": {{{subs}}}}}')
        push = (await answers(transport, 1))[0]
        found = [push["connect"]["subs"][channel] for channel in channels]
        assert [sub.get("recovered", False) for sub in found] == [True, True, False, False, False]
        assert [sub["offset"] for sub in found] == [4, 4, 10, 10, 10]


LARGE: list[dict[str, Any]] = [
    {"history": {"channel": CHANNEL, "limit": -1}},
    {"presence": {"channel": CHANNEL}},
    {"rpc": {"method": "any"}},
]


@pytest.mark.parametrize("command", LARGE)
async def test_a_client_that_never_reads_gets_no_large_reply(
    command: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "ROOM_SECONDS", 0.2)
    async with running_engine() as engine:
        record(engine, 20)
        session, transport = await connected(engine)
        transport.pending_bytes = engine.node.limits.resume_bytes + 1
        say(session, {"id": 2, **command}, {"id": 3, "unsubscribe": {"channel": "project:2"}})
        first, second = await answers(transport, 2)
        assert first == {"id": 2, "error": {"code": 111, "message": "too many requests", "temporary": True}}
        assert second["id"] == 3  # in order, and small


@pytest.mark.parametrize("command", LARGE)
async def test_a_large_reply_waits_for_room(command: dict[str, Any]) -> None:
    async with running_engine() as engine:
        record(engine, 20)
        session, transport = await connected(engine)
        transport.pending_bytes = engine.node.limits.resume_bytes + 1
        say(session, {"id": 2, **command})
        await asyncio.sleep(0.1)
        assert not transport.messages
        transport.pending_bytes = engine.node.limits.resume_bytes
        (reply,) = await answers(transport, 1)
        assert reply["id"] == 2
        assert reply.get("error", {}).get("code") != 111


async def test_a_client_that_never_reads_recovers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "ROOM_SECONDS", 0.2)
    async with running_engine() as engine:
        record(engine, 5)
        session, transport = await connected(engine)
        transport.pending_bytes = engine.node.limits.resume_bytes + 1
        say(session, {"id": 2, "subscribe": {"channel": CHANNEL, "recover": True, "offset": 3}})
        reply = (await answers(transport, 1))[0]
        assert (reply["subscribe"]["offset"], "recovered" in reply["subscribe"]) == (5, False)


async def test_a_crowd_too_large_to_list_can_be_counted() -> None:
    async with running_engine(limits=Limits(presence_bytes=2_000)) as engine:
        engine.history.open(CHANNEL)
        crowd = [Entry(CHANNEL, ClientInfo(f"client-{number}", f"user-{number}", b"{}")) for number in range(100)]
        await engine.node.presence.enter(crowd[:10])
        session, transport = await connected(engine)
        say(session, {"id": 2, "presence": {"channel": CHANNEL}})
        (reply,) = await answers(transport, 1)
        assert len(reply["presence"]["presence"]) == 10
        await engine.node.presence.enter(crowd)
        say(session, {"id": 3, "presence": {"channel": CHANNEL}}, {"id": 4, "presence_stats": {"channel": CHANNEL}})
        refused, counted = await answers(transport, 2)
        assert refused["error"]["code"] == 106
        assert counted["presence_stats"]["num_clients"] == 100


async def test_waiting_commands_are_bounded_by_bytes() -> None:
    async with running_engine(limits=Limits(queued_bytes=2_000)) as engine:
        session, transport = await connected(engine)
        engine.history.open(CHANNEL)
        engine.policy.gates[engine.policy.questions + 1] = asyncio.Event()
        say(session, {"id": 2, "subscribe": {"channel": CHANNEL}})
        await asyncio.sleep(0)
        say(session, {"id": 3, "publish": {"channel": "signal:1", "data": "x" * 3_000}})
        say(session, {})  # a pong, which ends the session if unexpected
        assert transport.closed_with == (3501, "bad request")

    async with running_engine(limits=Limits(queued_bytes=2_000)) as engine:
        session, transport = await connected(engine)
        for number in range(2, 12):  # one after the other they don't accumulate
            say(session, {"id": number, "publish": {"channel": "signal:1", "data": "x" * 1_500}})
            (reply,) = await answers(transport, 1)
            assert reply["id"] == number
        engine.history.open(CHANNEL)
        engine.policy.gates[engine.policy.questions + 1] = asyncio.Event()
        say(session, {"id": 20, "subscribe": {"channel": CHANNEL}})
        await asyncio.sleep(0)
        for number in range(21, 24):
            say(session, {"id": number, "publish": {"channel": "signal:1", "data": "x" * 1_500}})
        assert transport.closed_with is not None
        assert transport.closed_with[0] == 3013


# A lost recovery is not sent again


async def test_a_large_recovery_that_broke_its_connection_is_not_tried_again() -> None:
    async with running_engine() as engine:
        record(engine, 10)
        assert (await recover(engine, 0))["recovered"]
        assert "recovered" not in await recover(engine, 0)
        assert (await recover(engine, 1))["recovered"]  # another position: something had arrived
        assert (await recover(engine, 7))["recovered"]  # this little arrives on any line
        assert (await recover(engine, 7))["recovered"]


async def test_a_recovery_that_arrived_does_not_prevent_another_tabs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lost_recoveries, "DOUBTFUL_SECONDS", 0.0)
    async with running_engine() as engine:
        record(engine, 10)
        session, transport = await connected(engine)
        say(session, {"id": 2, "subscribe": {"channel": CHANNEL, "recover": True, "offset": 0}})
        await answers(transport, 1)
        assert (await recover(engine, 0))["recovered"]  # it is still connected
        session.closed(1001)  # it was connected for long
        assert (await recover(engine, 0))["recovered"]


# Life


@pytest.mark.parametrize("is_moving", [True, False])
async def test_no_pong_is_missed_while_bytes_are_moving(is_moving: bool) -> None:
    async with running_engine() as engine:
        session, transport = await subscribed(engine, CHANNEL)
        transport.taken = 1_000
        now = time.monotonic() + 25
        session.due(now)
        for _ in range(20):
            now += 8
            transport.taken += is_moving
            session.due(now)
        assert transport.closed_with == (None if is_moving else (3012, "no pong"))
        if is_moving:
            transport.taken = None  # everything has arrived: now it could answer
            session.due(now + 8)
            assert transport.closed_with is None
            session.due(now + 16)
            assert transport.closed_with == (3012, "no pong")


@pytest.mark.parametrize("is_moving", [True, False])
async def test_a_stream_whose_bytes_are_moving_stays_open(is_moving: bool) -> None:
    async with running_engine(limits=Limits(ping_seconds=2, pong_seconds=2)) as engine:
        engine.history.open(CHANNEL)
        transport = ListTransport()
        rules = engine.policy.rules(CHANNEL)
        assert rules is not None
        stream = EventStream(engine.node, transport, Credentials("ada", "s"), CHANNEL, rules, since=Position("", 0))
        stream.begin()
        transport.is_silent = True
        transport.taken = 1_000
        now = time.monotonic() + 3
        stream.due(now)
        for _ in range(20):
            now += 2
            transport.taken += is_moving
            stream.due(now)
        assert transport.closed_with == (None if is_moving else (3012, "no pong"))
        transport.is_silent = False
        stream.due(now)
        stream.closed(1001)


async def test_a_streams_pages_are_bounded_by_bytes() -> None:
    async with running_engine(tail_length=8) as engine:
        record(engine, 60)
        transport = ListTransport()
        rules = engine.policy.rules(CHANNEL)
        assert rules is not None
        stream = EventStream(engine.node, transport, Credentials("ada", "s"), CHANNEL, rules, since=Position("", 0))
        transport.pending_bytes = engine.node.limits.resume_bytes + 1
        stream.begin()
        await until(lambda: transport.messages)
        await asyncio.sleep(0.1)
        assert len(transport.messages) == 14
        transport.pending_bytes = 0
        await until(lambda: len(transport.messages) == 60)
        stream.closed(1001)
