"""A reader that only listens, on a node in memory."""

import asyncio
from collections.abc import Callable

import pytest

from roomful.channels import ChannelName
from roomful.errors import NotFound, Unauthenticated, Unavailable
from roomful.gateway.endpoints import present_position, reader_of
from roomful.realtime.history.port import HistoryUnavailable
from roomful.realtime.limits import Limits
from roomful.realtime.policy import Credentials
from roomful.realtime.protocol import codes
from roomful.realtime.publication import Position
from roomful.realtime.session.event_stream import EventStream
from tests.support.engine import Engine, ListTransport, running_engine

CHANNEL = "project:1"


class AnotherSession:
    """One of the same person, about another project."""

    def end(self, disconnect: codes.Disconnect) -> None: ...


async def until(condition: Callable[[], object], seconds: float = 3.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - polled: the conditions are plain state
            await asyncio.sleep(0.001)


def begin(engine: Engine, *, since: int | None = None, epoch: str = "") -> tuple[EventStream, ListTransport]:
    engine.history.open(CHANNEL)
    transport = ListTransport()
    rules = engine.policy.rules(CHANNEL)
    assert rules is not None
    position = None if since is None else Position(epoch, since)
    stream = EventStream(engine.node, transport, Credentials("ada", "s"), CHANNEL, rules, since=position)
    stream.begin()
    return stream, transport


async def test_past_events_come_in_pages_then_live_ones() -> None:
    async with running_engine(tail_length=8) as engine:
        for n in range(450):
            engine.publish(CHANNEL, n=n)
        _, transport = begin(engine, since=3)
        await until(lambda: len(transport.messages) == 447)
        engine.publish(CHANNEL, n=450)
        await until(lambda: len(transport.messages) == 448)
        assert [message["n"] for message in transport.messages] == list(range(3, 451))


async def test_a_reader_that_never_reads_gets_no_more_pages() -> None:
    async with running_engine(tail_length=8) as engine:
        for n in range(450):
            engine.publish(CHANNEL, n=n)
        stream, transport = begin(engine, since=0)
        transport.pending_bytes = engine.node.limits.resume_bytes + 1
        await until(lambda: len(transport.messages) == 200)
        await asyncio.sleep(0.2)
        assert len(transport.messages) == 200
        transport.pending_bytes = 0
        await until(lambda: len(transport.messages) == 450)
        stream.closed(1001)


async def test_replaced_history_is_reported_and_followed() -> None:
    async with running_engine() as engine:
        engine.publish(CHANNEL, n=0)
        _, transport = begin(engine, since=0)
        await until(lambda: transport.messages)
        engine.history.forget(CHANNEL)
        engine.publish(CHANNEL, n=1)
        await until(lambda: len(transport.messages) >= 2)
        assert transport.messages[1]["recovered"] is False
        engine.publish(CHANNEL, n=2)
        await until(lambda: transport.messages[-1] == {"n": 2})


async def test_other_epoch_is_reported_as_a_break() -> None:
    async with running_engine() as engine:
        engine.publish(CHANNEL, n=0)
        _, transport = begin(engine, since=0, epoch="another")
        await until(lambda: transport.messages)
        assert transport.messages == [
            {"recovered": False, "offset": 1, "epoch": engine.history.open(CHANNEL).epoch},
        ]


async def test_silent_peer_is_pinged_and_dropped() -> None:
    async with running_engine(limits=Limits(ping_seconds=1, pong_seconds=1)) as engine:
        _, transport = begin(engine)
        await until(lambda: transport.pings == 1)
        transport.is_silent = True
        await until(lambda: transport.closed_with)
        assert transport.closed_with == (3012, "no pong")


async def test_expired_sign_in_ends_the_stream_after_its_grace() -> None:
    async with running_engine(limits=Limits(expiry_grace_seconds=0)) as engine:
        transport = ListTransport()
        rules = engine.policy.rules(CHANNEL)
        assert rules is not None
        engine.history.open(CHANNEL)
        credentials = Credentials("ada", "s", expires_at=1.0)
        EventStream(engine.node, transport, credentials, CHANNEL, rules, since=None).begin()
        await until(lambda: transport.closed_with)
        assert transport.closed_with == (3005, "connection expired")


async def test_stream_closed_during_its_handshake_leaves_nothing() -> None:
    async with running_engine() as engine:
        stream, _ = begin(engine)
        stream.closed(1006)
        await engine.node.task_scope.drain(1.0)
        assert engine.hub.channel_count == 0
        assert len(engine.node.sessions) == 0
        assert len(engine.node.wheel) == 0


@pytest.mark.parametrize("others_follow", [False, True])
async def test_stream_over_the_limit_is_closed_and_takes_nothing_from_others(others_follow: bool) -> None:
    async with running_engine(limits=Limits(connections_per_user=1)) as engine:
        engine.node.sessions.enter(AnotherSession(), "ada", "s")
        pinned = [CHANNEL] if others_follow else []
        engine.history.open(CHANNEL)
        for channel in pinned:
            await engine.hub.pin(channel)
        stream, transport = begin(engine)
        assert transport.closed_with == (3504, "connection limit")
        stream.closed(3504)
        stream.end(codes.SHUTDOWN)
        assert transport.closed_with == (3504, "connection limit")
        assert engine.hub.channel_count == len(pinned)
        assert (len(engine.node.sessions), len(engine.node.wheel)) == (1, 0)


@pytest.mark.parametrize("is_signed_in", [True, False])
async def test_access_lost_since_the_handshake_ends_the_stream(is_signed_in: bool) -> None:
    async with running_engine() as engine:
        if is_signed_in:
            engine.policy.members[CHANNEL] = set()
        else:
            engine.policy.revoked.add("ada")
        engine.publish(CHANNEL, n=0)
        _, transport = begin(engine, since=0)
        await until(lambda: transport.closed_with)
        assert transport.closed_with == (3507, "permission denied")
        assert not transport.messages


async def test_a_reader_without_access_is_refused_before_the_upgrade(monkeypatch: pytest.MonkeyPatch) -> None:
    ada, name = Credentials("ada", "s"), ChannelName("project", "1")
    async with running_engine() as engine:
        with pytest.raises(NotFound):
            await present_position(engine.node, name)
        engine.history.open(CHANNEL)
        assert (await present_position(engine.node, name)).offset == 0
        assert await reader_of(engine.node, ada, name) == ada
        engine.policy.members[CHANNEL] = set()
        with pytest.raises(NotFound):
            await reader_of(engine.node, ada, name)
        engine.policy.revoked.add("ada")
        with pytest.raises(Unauthenticated):
            await reader_of(engine.node, ada, name)
        engine.policy.revoked.clear()

        async def out_of_reach(*_: object) -> None:
            raise failure

        failure: Exception = HistoryUnavailable()
        monkeypatch.setattr(engine.hub._heads, "_ask", out_of_reach)
        with pytest.raises(Unavailable):
            await present_position(engine.node, name)
        failure = codes.INTERNAL.error()
        monkeypatch.setattr(engine.policy, "authorize", out_of_reach)
        with pytest.raises(Unavailable):
            await reader_of(engine.node, ada, name)
