"""The metrics for Prometheus."""

from dataclasses import fields

import httpx
import pytest
from pydantic import SecretStr

from roomful.db.fingerprint import fingerprint
from roomful.link.redis_names import RedisNames
from roomful.realtime.broker.redis import RedisBroker
from roomful.rooms import RoomCounters
from roomful.settings import Settings
from tests.support.app import Live, client_of, running_app
from tests.support.brokers import ChannelFrames, becomes, event
from tests.support.document_clients import DocumentClient
from tests.support.documents import create_document
from tests.support.subscribers import CommandError, Subscriber
from tests.support.valkey import Valkey


async def test_metrics_count_without_naming_anybody(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "roomful_sockets 0.0" in answer.text
    assert "roomful_written_total 0.0" in answer.text


async def test_refused_commands_are_counted_by_code(live: Live) -> None:
    ada = await live.api.register("ada")
    async with Subscriber(live.socket_url, token=ada.token) as subscriber:
        with pytest.raises(CommandError):
            await subscriber.subscribe("project:none")
    text = (await live.api.http.get("/metrics")).text
    assert 'roomful_commands_refused_total{code="103",method="subscribe"} 1.0' in text


async def test_all_that_rooms_count_is_told(live: Live) -> None:
    ada = await live.api.register("ada")
    document = await create_document(ada, await ada.create_project())
    async with DocumentClient(live.socket_url, document, token=ada.token) as client:
        await client.insert("hello")
        await client.is_stored()
        figures = await figures_of(live.api.http)
        assert figures["roomful_documents_connections"] == 1
        assert figures["roomful_documents_rows_appended_total"] == 1
        await ada.delete(f"/documents/{document}")
        await client.expect_close(4404)
    text = (await live.api.http.get("/metrics")).text
    assert 'roomful_documents_closed_total{code="4404"} 1.0' in text
    for counter in fields(RoomCounters):
        assert f"# HELP roomful_documents_{counter.name}" in text


@pytest.mark.parametrize(("header", "status"), [("Bearer scrape-me", 200), ("Bearer wrong", 401), ("", 401)])
async def test_metrics_token_keeps_others_out(settings: Settings, header: str, status: int) -> None:
    guarded = settings.model_copy(update={"metrics_token": SecretStr("scrape-me")})
    async with running_app(guarded) as app, client_of(app) as client:
        answer = await client.get("/metrics", headers={"Authorization": header})
        assert answer.status_code == status


async def test_metrics_show_the_brokers_state(settings: Settings, valkey: Valkey) -> None:
    shared = settings.model_copy(update={"redis_url": SecretStr(valkey.url)})
    async with running_app(shared) as app, client_of(app) as client:
        broker = app.state.runtime.engine.broker
        assert isinstance(broker, RedisBroker)
        key = settings.secret_key
        assert key is not None
        secret = key.get_secret_value().encode()
        names = RedisNames(secret, installation=await fingerprint(app.state.runtime.database))
        frames = ChannelFrames(key=secret, names=names, starts=broker.link.starts)
        await broker.subscribe("project:1")
        broker.publish(event("project:1", 1))
        frame = frames.encode(event("project:1", 2))
        with valkey.client() as redis:
            for said in (
                frame,
                b"",
                b"of another application" * 2,
                frame,
                frame[:-1] + bytes([frame[-1] ^ 1]),
            ):
                redis.publish(frames.name_of("project:1").decode(), said)
        await becomes(lambda: broker.link.counters.refused.total() == 4, 5, what="all of it has come")

        figures = await figures_of(client)
        assert figures["roomful_broker_reader_up"] == 1
        assert figures["roomful_broker_messages_published_total"] >= 2  # the event, and a message to itself
        assert figures["roomful_broker_messages_received_total"] == 1
        assert figures["roomful_broker_messages_echoed_total"] == 1
        assert figures['roomful_broker_messages_ignored_total{reason="malformed"}'] == 0
        assert figures['roomful_broker_messages_ignored_total{reason="foreign"}'] == 2
        assert figures['roomful_broker_messages_ignored_total{reason="forged"}'] == 1
        assert figures['roomful_broker_messages_ignored_total{reason="repeated"}'] == 1
        assert figures['roomful_broker_reconnects_total{part="subscriber"}'] == 0
        assert figures["roomful_broker_publish_failures_total"] == 0

        valkey.stop()
        broker.publish(event("project:1", 3))
        await becomes(lambda: broker.link.publisher.counters.failed > 0, 5, what="a batch without an answer")
        await becomes(lambda: not broker.figures.is_reader_up, 6, what="the reader is down")
        assert (await figures_of(client))["roomful_broker_reader_up"] == 0

        valkey.start()
        await becomes(lambda: broker.figures.is_reader_up, 10, what="the reader is up")
        figures = await figures_of(client)
        assert figures["roomful_broker_publish_failures_total"] >= 1
        assert figures['roomful_broker_reconnects_total{part="subscriber"}'] >= 1
        assert figures['roomful_broker_reconnects_total{part="publisher"}'] >= 1


async def figures_of(client: httpx.AsyncClient) -> dict[str, float]:
    """Every line of /metrics: name, with its labels, and value."""
    lines = (await client.get("/metrics")).text.splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")}
