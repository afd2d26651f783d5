"""Limits on one address's sockets before sign-in."""

import asyncio
import json
from collections.abc import AsyncIterator
from ipaddress import ip_network

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from roomful.gateway.silent_connections import SilentConnections
from roomful.logs import Sampler
from roomful.settings import Settings
from roomful.transport.unauthenticated import UnauthenticatedSockets
from roomful.web.limits import Limits
from tests.conftest import Backend
from tests.support.app import Live, serving
from tests.support.brokers import becomes
from tests.support.sockets import Socket

SOCKETS = ("/connection/websocket", "/connection/uni_websocket")


@pytest.fixture
def backend() -> Backend:
    """One database is enough."""
    return "sqlite"


@pytest.fixture
async def live(settings: Settings) -> AsyncIterator[Live]:
    """Three are enough; behind a proxy on the loopback."""
    few = {"max_unauthenticated_per_address": 3, "trusted_proxies": (ip_network("127.0.0.1"),)}
    async with serving(settings.model_copy(update=few)) as live:
        yield live


def counted(live: Live) -> UnauthenticatedSockets:
    sockets: UnauthenticatedSockets = live.app.state.limits.unauthenticated
    return sockets


def socket_of(live: Live, path: str = SOCKETS[0], *, address: str = "203.0.113.7") -> Socket:
    return Socket(live.socket_url + path, headers={"X-Forwarded-For": address})


async def expect_refusal(live: Live, path: str = SOCKETS[0], *, address: str = "203.0.113.7") -> None:
    with pytest.raises(InvalidStatus) as refused:
        await socket_of(live, path, address=address).open()
    response = refused.value.response
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "10"
    assert json.loads(response.body)["code"] == "RATE_LIMITED"


@pytest.mark.parametrize("path", SOCKETS)
async def test_unauthenticated_sockets_of_an_address_are_limited(live: Live, path: str) -> None:
    ada = await live.api.register("ada")
    one, two, three, four, other = (socket_of(live, path) for _ in range(5))
    for socket in (one, two, three):
        await socket.open()
    for each in (*SOCKETS, "/ws/projects/x?token=y"):
        await expect_refusal(live, each)
    elsewhere = socket_of(live, path, address="203.0.113.8")
    await elsewhere.open()
    assert (len(counted(live)), counted(live).refused) == (4, 3)

    connect = {"token": ada.token}
    await one.send(json.dumps({"id": 1, "connect": connect} if path == SOCKETS[0] else connect))
    assert "connect" in json.loads(await one.receive())
    await four.open()  # one has signed in
    await expect_refusal(live, path)
    await two.drop()
    await becomes(lambda: len(counted(live)) == 3, 5, what="the lost socket is forgotten")
    await other.open()
    for socket in (one, three, four, other, elsewhere):
        await socket.close()
    await becomes(lambda: not len(counted(live)), 5, what="all are forgotten")


async def test_an_ipv6_network_is_one_address(live: Live) -> None:
    sockets = [socket_of(live, address=f"2001:db8:1:2::{number}") for number in range(3)]
    for socket in sockets:
        await socket.open()
    await expect_refusal(live, address="2001:db8:1:2:ffff::1")
    other = socket_of(live, address="2001:db8:1:3::1")
    await other.open()
    for socket in (*sockets, other):
        await socket.close()


async def test_a_refused_handshake_leaves_nothing_behind(live: Live) -> None:
    for _ in range(5):
        with pytest.raises(InvalidStatus) as refused:
            await socket_of(live, "/ws/projects/x?token=y").open()
        assert refused.value.response.status_code == 401
    assert not len(counted(live))


async def test_streams_count_like_sockets(live: Live) -> None:
    headers = {"X-Forwarded-For": "203.0.113.7"}
    # A client with an expired token may bring a new one for a while.
    body = json.dumps({"id": 1, "connect": {"token": live.runtime.tokens.issue("ada", "session", ttl_seconds=-100)}})
    async with httpx.AsyncClient(base_url=live.url, trust_env=False, headers=headers) as http:
        async with asyncio.timeout(10):
            async with (
                http.stream("POST", "/connection/http_stream", content=body) as one,
                http.stream("POST", "/connection/http_stream", content=body) as two,
                http.stream("POST", "/connection/http_stream", content=body) as three,
            ):
                assert {each.status_code for each in (one, two, three)} == {200}
                assert (await http.post("/connection/http_stream", content=body)).status_code == 429
                await expect_refusal(live)
        await becomes(lambda: not len(counted(live)), 5, what="the streams are forgotten")


async def test_idle_connections_of_an_address_are_limited(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"max_unauthenticated_per_address": 3})) as live:
        silent = [await asyncio.open_connection("127.0.0.1", live.port) for _ in range(3)]
        for _, writer in silent:
            writer.write(b"GET /healthz")
        refused: SilentConnections = live.app.state.silent_connections
        for count in (1, 2):
            reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
            assert (await reader.readline()).startswith(b"HTTP/1.1 429 ")
            assert b"RATE_LIMITED" in await reader.read()
            writer.close()
            assert refused.refused == count
        silent[0][1].write(b" HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await silent[0][0].readline()).startswith(b"HTTP/1.1 200 ")
        silent[1][1].transport.abort()

        async def is_answered() -> bool:
            reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            line = await reader.readline()
            writer.transport.abort()
            return line.startswith(b"HTTP/1.1 200 ")

        assert await is_answered()
        for _, writer in silent:
            writer.transport.abort()


async def test_the_log_says_how_many_refusals_it_left_out(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    seconds = 0.0
    limits: Limits = live.app.state.limits
    limits.refusal_lines = Sampler(1, clock=lambda: seconds)
    sockets = [socket_of(live) for _ in range(3)]
    for socket in sockets:
        await socket.open()

    async def refuse_from_elsewhere() -> None:
        with pytest.raises(InvalidStatus):
            await Socket(live.socket_url + SOCKETS[0], headers={"Origin": "https://elsewhere.example"}).open()

    await refuse_from_elsewhere()
    await refuse_from_elsewhere()
    await expect_refusal(live)
    seconds = 60.0
    await expect_refusal(live)
    await refuse_from_elsewhere()
    seconds = 120.0
    await refuse_from_elsewhere()
    lines = [record.__dict__["left_out"] for record in caplog.records if "left_out" in record.__dict__]
    assert lines == [0, 2, 1]
    for socket in sockets:
        await socket.close()


async def test_refusals_are_counted_in_the_metrics(live: Live) -> None:
    sockets = [socket_of(live) for _ in range(3)]
    for socket in sockets:
        await socket.open()
    await expect_refusal(live)
    async with httpx.AsyncClient(base_url=live.url, trust_env=False) as http:
        text = (await http.get("/metrics")).text
    assert "roomful_sockets_unauthenticated 3.0" in text
    assert "roomful_sockets_unauthenticated_refused_total 1.0" in text
    for socket in sockets:
        await socket.close()
