"""Hints in the hub: only an event's position is published."""

import asyncio
import json

from roomful.realtime.delivery.reconciler import RECONCILE_SECONDS
from roomful.realtime.publication import Hint, Position
from tests.support.brokers import becomes
from tests.support.engine import Engine, ListTransport, running_engine

CHANNEL = "project:1"


async def subscriber(engine: Engine) -> ListTransport:
    engine.history.open(CHANNEL)
    session, transport = engine.session(token="ada")
    session.receive(json.dumps({"id": 1, "connect": {}}))
    session.receive(json.dumps({"id": 2, "subscribe": {"channel": CHANNEL}}))
    await becomes(lambda: any(message.get("id") == 2 for message in transport.messages), 5, what="subscribed")
    transport.take()
    return transport


def seen(transport: ListTransport) -> list[int]:
    pushes = [message["push"] for message in transport.messages if "push" in message]
    return [push["pub"]["offset"] for push in pushes if "pub" in push]


async def test_hinted_event_is_read_from_the_log_before_channels_are_reconciled() -> None:
    async with running_engine() as engine:
        transport = await subscriber(engine)
        event = engine.record(CHANNEL, title="too big for the broker")
        engine.hub.dispatch(Hint(CHANNEL, Position(event.epoch, event.offset)))
        # Reconciling repairs a channel that lacks an event twice in a row.
        await becomes(lambda: seen(transport) == [1], RECONCILE_SECONDS, what="the event has been read")


async def test_hint_at_an_event_that_was_delivered_costs_nothing() -> None:
    async with running_engine() as engine:
        transport = await subscriber(engine)
        event = engine.publish(CHANNEL)
        reads = engine.hub.counters.log_reads
        engine.hub.dispatch(Hint(CHANNEL, Position(event.epoch, event.offset)))
        await asyncio.sleep(0.05)  # longer than the wait for a gap
        assert engine.hub.counters.log_reads == reads
        assert seen(transport) == [1]


async def test_hint_at_an_unfollowed_channel_reads_nothing() -> None:
    async with running_engine() as engine:
        engine.hub.dispatch(Hint(CHANNEL, Position("", 1)))
        assert (engine.hub.channel_count, engine.hub.counters.log_reads) == (0, 0)
