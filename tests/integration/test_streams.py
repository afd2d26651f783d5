"""Sessions over HTTP: streams, the requests that carry their commands, and their end."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from centrifuge.protocol import client_pb2 as official

from roomful.identity.tokens import Tokens
from roomful.realtime.protocol import protobuf
from roomful.settings import Settings
from roomful.transport import stream_connection
from tests.conftest import SECRET_KEY, Backend
from tests.support.api import API, Person, Project
from tests.support.app import Live, serving
from tests.support.streams import Kind, StreamSocket, cf_connect
from tests.support.subscribers import CommandError, Subscriber

PAGE = "https://board.example"
BINARY = {"Content-Type": "application/octet-stream"}


@pytest.fixture
def backend() -> Backend:
    """One database is enough: the transport is under test."""
    return "sqlite"


@pytest.fixture(params=["http_stream", "sse"])
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


def over(live: Live, kind: Kind, token: str | None, **options: Any) -> Subscriber:
    return Subscriber("", token=token, socket=StreamSocket(live.url, kind, **options))


@asynccontextmanager
async def changed(settings: Settings, **changes: object) -> AsyncIterator[Live]:
    async with serving(settings.model_copy(update=changes)) as live:
        yield live


async def eventually(condition: Callable[[], object], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # plain state
            await asyncio.sleep(0.01)


def is_quiet(live: Live) -> bool:
    """Whether no session is left."""
    node = live.app.state.node
    return not (len(node.sessions) or len(node.emulation) or node.hub.subscription_count)


async def test_the_session_is_that_of_a_socket(live: Live, kind: Kind) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    async with over(live, kind, ada.token) as subscriber:
        await subscriber.subscribe(project.channel, join_leave=True)
        await subscriber.expect_push("join")
        task = await ada.create_task(project, "Zähl\rrückwärts\u2028\n\n🚀")
        assert (await subscriber.expect_push("task.created")).event["data"]["task"] == task
        assert list((await subscriber.command("presence", channel=project.channel))["presence"]) == [
            subscriber.connected["client"]
        ]
        await subscriber.drop()
        await eventually(lambda: is_quiet(live))
        await ada.create_task(project, "missed")
        assert (await subscriber.reconnect())[project.channel]["recovered"]
        assert (await subscriber.expect_push("task.created")).body["offset"] == 3


async def test_nothing_in_between_delays_the_stream(live: Live, kind: Kind) -> None:
    ada = await live.api.register("ada")
    socket = StreamSocket(live.url, kind, headers={"Accept-Encoding": "gzip, br"})
    async with Subscriber("", token=ada.token, socket=socket):
        headers = socket.response.headers
        assert headers["cache-control"] == "no-store, no-transform"
        assert headers["x-accel-buffering"] == "no"
        assert (
            headers["content-type"]
            == {
                "http_stream": "application/x-ndjson",
                "sse": "text/event-stream; charset=utf-8",
            }[kind]
        )
        assert "content-encoding" not in headers
        assert "content-length" not in headers
        assert headers["x-request-id"]


async def test_a_line_break_of_a_client_stays_in_its_message(live: Live, kind: Kind) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    signal = project.channel.replace("project:", "signal:")
    async with over(live, kind, ada.token) as reader, over(live, "http_stream", ada.token) as writer:
        await reader.subscribe(signal)
        socket = writer.socket
        assert isinstance(socket, StreamSocket)
        await socket.post(
            '{"id": 9, "publish": {"channel": "%s", "data": {"a":\r1,\r"b": "\\r\\n"}}}' % signal  # noqa: UP031
        )
        assert (await reader.expect_push("pub")).body["data"] == {"a": 1, "b": "\r\n"}


@pytest.mark.parametrize("way", ["header", "query", "ticket", "command"])
async def test_the_token_comes_in_every_way(live: Live, kind: Kind, way: str) -> None:
    ada = await live.api.register("ada")
    options: dict[str, Any] = {}
    match way:
        case "header":
            options["headers"] = {"Authorization": f"Bearer {ada.token}"}
        case "query":
            options["query"] = {"token": ada.token}
        case "ticket":
            options["query"] = {"ticket": (await ada.post("/auth/ticket", expect=200))["ticket"]}
    async with over(live, kind, ada.token if way == "command" else None, **options) as subscriber:
        assert list(subscriber.connected["subs"]) == [f"user:{ada.id}"]


async def test_a_bad_token_is_refused_in_the_stream(live: Live, kind: Kind) -> None:
    ada = await live.api.register("ada")
    expired = Tokens(SECRET_KEY, access_ttl_seconds=60).issue(ada.id, "session", ttl_seconds=-60)
    for token, code in (("junk", 3500), (None, 3501)):
        subscriber = over(live, kind, token)
        await subscriber.open()
        await subscriber.send_command("connect", **({} if token is None else {"token": token}))
        await subscriber.expect_close(code)
        await subscriber.close()
    subscriber = over(live, kind, expired)
    with pytest.raises(CommandError) as refused:
        await subscriber.connect()
    assert refused.value.code == 109
    await subscriber.close()
    await eventually(lambda: is_quiet(live))


async def test_the_first_command_must_be_connect(live: Live, kind: Kind) -> None:
    subscriber = over(live, kind, None)
    await subscriber.open()
    await subscriber.send_command("subscribe", channel="project:1")
    await subscriber.expect_close(3501)
    await subscriber.close()


async def test_a_reader_that_answers_no_ping_is_dropped(settings: Settings, kind: Kind) -> None:
    async with changed(settings, pong_timeout=3) as live:
        ada = await live.api.register("ada")
        async with over(live, kind, ada.token) as healthy:
            silent = over(live, kind, ada.token)
            silent.answers_pings = False
            await silent.connect()
            await silent.expect_close(3012)
            await silent.close()
            await healthy.expect_silence(1.5)  # its pongs come by requests
            assert await healthy.command("history", channel=f"user:{ada.id}")


async def test_losing_access_ends_the_subscription_and_signing_out_the_stream(live: Live, kind: Kind) -> None:
    ada, bob = await live.api.register("ada"), await live.api.register("bob")
    project = await ada.create_project()
    await ada.add_member(project, bob)
    async with over(live, kind, bob.token) as subscriber:
        await subscriber.subscribe(project.channel)
        await ada.remove_member(project, bob)
        while (push := await subscriber.next_push()).channel != project.channel:
            pass  # bob's own notifications
        assert (push.kind, push.body["code"]) == ("unsubscribe", 2000)
        await bob.post("/auth/logout", {"refresh_token": bob.refresh_token}, expect=204)
        await subscriber.expect_close(3503)
    await eventually(lambda: is_quiet(live))


async def test_connections_are_limited(settings: Settings, kind: Kind) -> None:
    async with changed(settings, max_connections_per_user=1) as live:
        ada = await live.api.register("ada")
        async with over(live, kind, ada.token):
            second = over(live, kind, ada.token)
            await second.open()
            await second.send_command("connect", token=ada.token)
            await second.expect_close(3504)
            await second.close()


async def test_a_stopping_server_says_so(settings: Settings, kind: Kind) -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with changed(settings) as live:
            ada = await live.api.register("ada")
            subscriber = await stack.enter_async_context(over(live, kind, ada.token))
            live.app.state.node.shutdown.begin()
            await subscriber.expect_close(3001)


async def test_a_server_that_stops_for_another_reason_than_a_signal_does_not_wait_for_streams(
    settings: Settings, kind: Kind
) -> None:
    async with contextlib.AsyncExitStack() as stack, asyncio.timeout(20):
        async with changed(settings, shutdown_grace=60) as live:
            ada = await live.api.register("ada")
            subscriber = await stack.enter_async_context(over(live, kind, ada.token))
        await subscriber.expect_close(3001)


class Sleeper:
    """A connection that reads only when asked to."""

    def __init__(self, live: Live, kind: Kind, person: Person) -> None:
        self._live, self._kind, self._person = live, kind, person

    async def open(self) -> None:
        connect = json.dumps({"id": 1, "connect": {"token": self._person.token}})
        if self._kind == "sse":
            head, body = f"GET /connection/sse?{cf_connect(token=self._person.token)} HTTP/1.1", ""
        else:
            head, body = "POST /connection/http_stream HTTP/1.1", connect
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._live.port, limit=2**12)
        head = f"{head}\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body.encode())

    async def read_until(self, wanted: bytes) -> bytes:
        read = b""
        async with asyncio.timeout(10):
            while wanted not in read and (chunk := await self.reader.read(65536)):
                read += chunk
        return read


async def flooded(live: Live, ada: Person, project: Project, kind: Kind) -> Sleeper:
    """A sleeping reader, and more bytes for it than its bound."""
    sleeper = Sleeper(live, kind, ada)
    await sleeper.open()
    answer = (await sleeper.read_until(b'"node"')).decode()
    found = json.loads(answer[answer.index('{"id"') : answer.rindex("}") + 1])["connect"]
    body = {"node": found["node"], "session": found["session"]}
    subscribe = json.dumps({"id": 2, "subscribe": {"channel": project.channel}})
    await ada.http.post("/emulation", json={**body, "data": subscribe})
    await sleeper.read_until(b'"recoverable"')
    sleeper.writer.transport.pause_reading()  # type: ignore[attr-defined]  # of a socket it can
    await eventually(lambda: live.app.state.node.hub.subscription_count == 2)
    return sleeper


@pytest.mark.parametrize("wakes_up", [True, False])
async def test_a_slow_reader_is_cut_off(
    settings: Settings, kind: Kind, wakes_up: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stream_connection, "DRAIN_SECONDS", 10.0 if wakes_up else 0.5)
    async with changed(settings, send_buffer_bytes=64 * 1024, pong_timeout=60) as live:
        ada = await live.api.register("ada")
        project = await ada.create_project()
        sleeper = await flooded(live, ada, project, kind)
        for _ in range(200):
            await ada.create_task(project, "flood", description="x" * 9_000)
            if is_quiet(live):
                break
        assert is_quiet(live), "the session goes on"
        sleeper.writer.transport.resume_reading() if wakes_up else None  # type: ignore[attr-defined]
        if wakes_up:
            rest = await sleeper.read_until(b'"disconnect"')
            assert b'"disconnect":{"code":3008,"reason":"slow"}' in rest
        else:
            await asyncio.sleep(1)
            sleeper.writer.transport.resume_reading()  # type: ignore[attr-defined]
            with contextlib.suppress(ConnectionResetError):
                assert b'"disconnect"' not in await sleeper.read_until(b'"disconnect"')
        sleeper.writer.close()
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_reader_that_reads_is_not_slow_however_much_it_missed(settings: Settings, kind: Kind) -> None:
    """A recovery up to half the send buffer is given; a larger one is refused and never written."""
    async with changed(settings, send_buffer_bytes=16 * 1024) as live:
        ada = await live.api.register("ada")
        project = await ada.create_project()
        async with over(live, kind, ada.token) as subscriber:
            await subscriber.subscribe(project.channel)
            await subscriber.drop()
            await ada.create_task(project, "missed", description="x" * 5_000)
            assert (await subscriber.reconnect())[project.channel]["recovered"]
            await subscriber.expect_push("task.created")
            await subscriber.drop()
            for number in range(50):
                await ada.create_task(project, f"missed {number}", description="x" * 9_000)
            answer = (await subscriber.reconnect())[project.channel]
            assert ("recovered" in answer, "publications" in answer, answer["offset"]) == (False, False, 52)
            await ada.create_task(project)
            while (push := await subscriber.next_push()).channel != project.channel or push.kind != "pub":
                pass
            assert push.body["offset"] == 53


async def test_a_hundred_vanished_readers_leave_nothing(live: Live, kind: Kind) -> None:
    ada = await live.api.register("ada")
    for _ in range(50):
        sleeper = Sleeper(live, kind, ada)
        await sleeper.open()
        sleeper.writer.transport.abort()
    for _ in range(50):
        sleeper = Sleeper(live, kind, ada)
        await sleeper.open()
        await sleeper.read_until(b"200")
        sleeper.writer.transport.abort()
    await eventually(lambda: is_quiet(live))


async def test_a_head_request_begins_no_session(live: Live) -> None:
    ada = await live.api.register("ada")
    for path in ("sse", "uni_sse"):
        answer = await live.api.http.head(f"/connection/{path}?{cf_connect(token=ada.token)}")
        if path == "sse":
            assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert is_quiet(live)


async def test_a_body_refused_late_ends_the_stream(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    ada = await live.api.register("ada")
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
    head = f"GET /connection/sse?{cf_connect(token=ada.token)} HTTP/1.1\r\nHost: localhost\r\n"
    writer.write(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
    async with asyncio.timeout(10):
        await reader.readuntil(b'"node"')
        with contextlib.suppress(ConnectionError):
            for _ in range(20):
                writer.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
                await writer.drain()
            assert await reader.read(100_000)
    await eventually(lambda: is_quiet(live))
    writer.close()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize("path", ["/connection/http_stream", "/connection/sse", "/emulation"])
async def test_pages_of_other_origins_are_refused(settings: Settings, path: str) -> None:
    async with changed(settings, allowed_origins=(PAGE,)) as live:
        http = live.api.http
        refused = await http.post(path, content="{}", headers={"Origin": "https://evil.example"})
        assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")
        allowed = await http.post(path, content="[", headers={"Origin": PAGE})
        assert (allowed.status_code, allowed.json()["code"]) == (400, "BAD_REQUEST")
        assert allowed.headers["access-control-allow-origin"] == PAGE
        asks = {
            "Origin": PAGE,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        }
        assert (await http.options(path, headers=asks)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("POST", "/connection/http_stream", b"", 400),
        ("POST", "/connection/http_stream", b"\n \n", 400),
        ("POST", "/connection/http_stream", b"{", 400),
        ("POST", "/connection/http_stream", b"\xff", 400),
        ("POST", "/connection/http_stream", b" " * 70_000, 413),
        ("GET", "/connection/http_stream", b"", 405),
        ("GET", "/connection/sse", b"", 400),
        ("GET", "/connection/sse?cf_connect=%7B", b"", 400),
        ("POST", "/connection/sse", b"[]", 400),
        ("POST", "/connection/sse", b" " * 70_000, 413),
        ("DELETE", "/connection/sse", b"", 405),
        ("POST", "/emulation", b"", 400),
        ("POST", "/emulation", b'{"session": 1}', 400),
        ("POST", "/emulation", b" " * 140_000, 413),
        ("GET", "/emulation", b"", 405),
        ("POST", "/emulation", b"{}", 404),
        ("POST", "/emulation", b'{"node": "0123456789abcdef", "session": "?", "data": "{}"}', 404),
    ],
)
async def test_an_invalid_request_gets_the_usual_error(
    live: Live, method: str, path: str, content: bytes, status: int
) -> None:
    answer = await live.api.http.request(method, path, content=content)
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "code", "request_id"}
    assert is_quiet(live)


async def test_commands_for_an_ended_session_are_accepted_and_ignored(live: Live) -> None:
    node = live.app.state.node.name
    for content in (json.dumps({"node": node, "session": "?", "data": "{}"}), json.dumps({"node": node})):
        assert (await live.api.http.post("/emulation", content=content)).status_code == 204


@pytest.mark.usefixtures("no_refills")
async def test_requests_with_commands_are_limited(settings: Settings) -> None:
    async with changed(settings, rate_limit_commands=1) as live:
        answers = [await live.api.http.post("/emulation", json={"node": "?"}) for _ in range(11)]
        assert [answer.status_code for answer in answers] == [404] * 10 + [429]
        assert answers[-1].json()["code"] == "RATE_LIMITED"
        assert int(answers[-1].headers["retry-after"]) > 0


async def test_a_stream_may_be_protobuf(live: Live) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    connect = official.Command(id=1, connect=official.ConnectRequest(token=ada.token))
    async with (
        httpx.AsyncClient(base_url=live.url, trust_env=False) as http,
        http.stream(
            "POST", "/connection/http_stream", content=protobuf.delimit(connect.SerializeToString()), headers=BINARY
        ) as response,
    ):
        assert response.headers["content-type"] == "application/octet-stream"
        replies = replies_of(response)
        connected = (await anext(replies)).connect
        subscribe = official.Command(
            id=2, subscribe=official.SubscribeRequest(channel=project.channel, join_leave=True)
        )
        asked = official.EmulationRequest(
            node=connected.node,
            session=connected.session,
            data=protobuf.delimit(subscribe.SerializeToString()),
        )
        answer = await http.post("/emulation", content=asked.SerializeToString(), headers=BINARY)
        assert answer.status_code == 204
        assert (await anext(replies)).subscribe.recoverable
        assert (await anext(replies)).push.HasField("join")
        await ada.create_task(project)
        assert json.loads((await anext(replies)).push.pub.data)["offset"] == 2
    assert (await live.api.http.post("/emulation", content=b"\xff", headers=BINARY)).status_code == 400


async def replies_of(response: httpx.Response) -> AsyncIterator[official.Reply]:
    rest = b""
    async for chunk in response.aiter_raw():
        rest += chunk
        with contextlib.suppress(protobuf.NotProtobuf):
            for message in protobuf.split(rest):
                rest = rest[len(protobuf.delimit(message)) :]
                reply = official.Reply.FromString(message)
                if message:
                    yield reply


async def test_no_session_key_is_shown_to_others(live: Live) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    async with (
        over(live, "http_stream", ada.token) as subscriber,
        Subscriber(live.socket_url, token=ada.token) as plain,
    ):
        await subscriber.subscribe(project.channel)
        key = subscriber.connected["session"]
        assert "session" not in plain.connected
        present = await plain.command("presence", channel=project.channel)
        people = await ada.http.get(f"{API}{project.path}/presence", headers={"Authorization": f"Bearer {ada.token}"})
        assert key not in json.dumps(present) + people.text
        assert len(key) >= 22
