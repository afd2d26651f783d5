"""Clients that only listen, over each of their transports."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Literal, Self

import httpx
import pytest

from roomful.identity.tokens import Tokens
from roomful.realtime.limits import Limits
from roomful.settings import Settings
from tests.conftest import SECRET_KEY, Backend
from tests.support.api import Json, Project
from tests.support.app import Live, serving
from tests.support.sockets import Closed, Socket
from tests.support.streams import messages_of

Way = Literal["http_stream", "sse", "sse-post", "websocket", "websocket-address"]
WAYS: tuple[Way, ...] = ("http_stream", "sse", "sse-post", "websocket", "websocket-address")


@pytest.fixture
def backend() -> Backend:
    """One database is enough: the transport is under test."""
    return "sqlite"


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    found: Way = request.param
    return found


class Listener:
    """Sends a connect request, and nothing more."""

    def __init__(self, live: Live, way: Way, request: Json | str, **headers: str) -> None:
        self._live = live
        self._way = way
        self._request = request if isinstance(request, str) else json.dumps(request)
        self._headers = headers
        self._stack = AsyncExitStack()
        self.socket: Socket | None = None

    async def __aenter__(self) -> Self:
        name, *_ = self._way.split("-")
        params = {"cf_connect": self._request} if self._way in ("sse", "websocket-address") else {}
        if name == "websocket":
            query = f"?{httpx.QueryParams(params)}" if params else ""
            self.socket = Socket(f"{self._live.socket_url}/connection/uni_websocket{query}", headers=self._headers)
            await self.socket.open()
            self._stack.push_async_callback(self.socket.close)
            if not params:
                await self.socket.send(self._request)
            return self
        http = await self._stack.enter_async_context(
            httpx.AsyncClient(base_url=self._live.url, trust_env=False, timeout=None)
        )
        request = http.build_request(
            "GET" if params else "POST",
            f"/connection/uni_{name}",
            params=params,
            content=None if params else self._request,
            headers=self._headers,
        )
        self.response = await http.send(request, stream=True)
        self._stack.push_async_callback(self.response.aclose)
        self._messages = messages_of(self.response, "http_stream" if name == "http_stream" else "sse")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def next(self) -> Json:
        """The next message. Raises StopAsyncIteration or Closed at the end."""
        async with asyncio.timeout(30):
            text = await anext(self._messages) if self.socket is None else await self.socket.receive()
        message: Json = json.loads(text)
        return message

    async def expect(self, name: str) -> Json:
        """The next message of this kind. Skips pings and the person's own notifications."""
        while True:
            message = await self.next()
            if name in message and not message.get("channel", "").startswith("user:"):
                return message
            assert message == {} or message.get("channel", "").startswith("user:"), message

    async def expect_end(self, code: int) -> None:
        """A disconnect push, then the end of the stream, or a close with the same code."""
        pushed = (await self.expect("disconnect"))["disconnect"]
        assert pushed["code"] == code
        if self.socket is None:
            with pytest.raises(StopAsyncIteration):
                await self.next()
        else:
            with pytest.raises(Closed) as closed:
                await self.next()
            assert (closed.value.code, closed.value.reason) == (code, pushed["reason"])


@asynccontextmanager
async def changed(settings: Settings, **changes: object) -> AsyncIterator[Live]:
    async with serving(settings.model_copy(update=changes)) as live:
        yield live


def wanted(project: Project, **position: object) -> Json:
    return {"subs": {project.channel: position}}


async def test_a_listener_gets_its_channels(live: Live, way: Way) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    async with Listener(live, way, {"token": ada.token, **wanted(project)}) as listener:
        connect = (await listener.next())["connect"]
        assert connect["client"]
        assert (connect["version"], connect["ping"], connect["pong"]) == (live.app.version, 1, False)
        assert "session" not in connect, "there is nothing more that it could say"
        assert set(connect["subs"]) == {f"user:{ada.id}", project.channel}
        assert connect["subs"][project.channel]["offset"] == 1
        task = await ada.create_task(project, "Zähl\rrückwärts\n\n🚀")
        heard = await listener.expect("pub")
        assert heard["channel"] == project.channel
        assert (heard["pub"]["offset"], heard["pub"]["data"]["data"]["task"]) == (2, task)


async def test_a_listener_may_ask_for_joins(live: Live, way: Way) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    async with Listener(live, way, {"token": ada.token, **wanted(project, join_leave=True)}) as listener:
        connect = (await listener.next())["connect"]
        joined = await listener.expect("join")
        assert joined["join"]["info"]["client"] == connect["client"]


async def test_a_returning_listener_gets_everything_it_missed_or_is_told(live: Live, way: Way) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    async with Listener(live, way, {"token": ada.token, **wanted(project)}) as listener:
        epoch = (await listener.next())["connect"]["subs"][project.channel]["epoch"]
    for number in range(3):
        await ada.create_task(project, f"missed {number}")
    back = {"token": ada.token, **wanted(project, recover=True, offset=1, epoch=epoch)}
    async with Listener(live, way, back) as listener:
        sub = (await listener.next())["connect"]["subs"][project.channel]
        assert sub["recovered"]
        assert [pub["offset"] for pub in sub["publications"]] == [2, 3, 4]
        await ada.create_task(project, "live again")
        assert (await listener.expect("pub"))["pub"]["offset"] == 5
    lost = {"token": ada.token, **wanted(project, recover=True, offset=1, epoch="another")}
    async with Listener(live, way, lost) as listener:
        sub = (await listener.next())["connect"]["subs"][project.channel]
        assert sub["was_recovering"]
        assert "recovered" not in sub
        assert "publications" not in sub
        assert sub["offset"] == 5


async def test_forbidden_channels_are_left_out(live: Live, way: Way) -> None:
    ada, eve = await live.api.register("ada"), await live.api.register("eve")
    project = await ada.create_project()
    channels: Json = {project.channel: {}, "": {}, "x" * 300: {}, "project:é": {}, "project:none": {"type": 4}}
    async with Listener(live, way, {"token": eve.token, "subs": channels}) as listener:
        assert list((await listener.next())["connect"]["subs"]) == [f"user:{eve.id}"]
        await ada.create_task(project)
        assert await listener.next() == {}, "the first thing that it hears is a ping"


async def test_refusals_are_disconnects(live: Live, way: Way) -> None:
    ada = await live.api.register("ada")
    expired = Tokens(SECRET_KEY, access_ttl_seconds=60).issue(ada.id, "session", ttl_seconds=-60)
    many: Json = {f"project:{number}": {} for number in range(Limits().channels)}
    requests: list[tuple[Json, int]] = [
        ({"token": "junk"}, 3500),
        ({"token": expired}, 3005),
        ({}, 3501),
        ({"token": ada.token, "subs": many}, 3505),
    ]
    for request, code in requests:
        async with Listener(live, way, request) as listener:
            await listener.expect_end(code)
    assert len(live.app.state.node.sessions) == 0


async def test_an_invalid_connect_request_is_refused(live: Live, way: Way) -> None:
    for request in ("{", "[]", '{"subs": []}', "\ufeff{}"):
        async with Listener(live, way, request) as listener:
            if listener.socket is None:
                assert listener.response.status_code == 400
                assert json.loads(await listener.response.aread())["code"] == "BAD_REQUEST"
            else:
                await listener.expect_end(3501)


async def test_the_token_may_be_in_a_header(live: Live, way: Way) -> None:
    ada = await live.api.register("ada")
    async with Listener(live, way, {}, Authorization=f"Bearer {ada.token}") as listener:
        assert list((await listener.next())["connect"]["subs"]) == [f"user:{ada.id}"]


async def test_losing_access_is_reported_and_signing_out_ends_the_connection(live: Live, way: Way) -> None:
    ada, bob = await live.api.register("ada"), await live.api.register("bob")
    project = await ada.create_project()
    await ada.add_member(project, bob)
    async with Listener(live, way, {"token": bob.token, **wanted(project)}) as listener:
        await listener.next()
        await ada.remove_member(project, bob)
        while (message := await listener.next()).get("channel") != project.channel:
            pass
        assert message["unsubscribe"]["code"] == 2000
        await bob.post("/auth/logout", {"refresh_token": bob.refresh_token}, expect=204)
        while "disconnect" not in (message := await listener.next()):
            pass
        assert message["disconnect"]["code"] == 3503


async def test_only_websocket_pings_need_an_answer(settings: Settings, way: Way) -> None:
    async with changed(settings, ping_interval=1, pong_timeout=1) as live:
        ada = await live.api.register("ada")
        async with Listener(live, way, {"token": ada.token}) as listener:
            await listener.next()
            for _ in range(4):
                assert await listener.next() == {}
            if listener.socket is not None:
                listener.socket.stop_reading()  # so that the socket's own ping stays unanswered
                async with asyncio.timeout(20):
                    while len(live.app.state.node.sessions):  # noqa: ASYNC110  # plain state
                        await asyncio.sleep(0.02)
                listener.socket.read_again()
                await listener.expect_end(3012)


async def test_later_messages_of_a_listener_are_ignored(live: Live) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    async with Listener(live, "websocket", {"token": ada.token}) as listener:
        assert listener.socket is not None
        await listener.next()
        for text in ("{}", "junk", json.dumps({"id": 2, "subscribe": {"channel": project.channel}})):
            await listener.socket.send(text)
        # Pings and the person's own notifications come, but no answer and nothing of the project.
        while (message := await listener.next()) != {}:
            assert message["channel"] == f"user:{ada.id}", message
        assert live.app.state.node.hub.subscription_count == 1


async def test_a_listener_that_leaves_leaves_nothing_behind(live: Live, way: Way) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    async with Listener(live, way, {"token": ada.token, **wanted(project)}) as listener:
        await listener.next()
        node = live.app.state.node
        assert node.hub.subscription_count == 2
    async with asyncio.timeout(20):
        while len(node.sessions) or node.hub.subscription_count:  # noqa: ASYNC110  # plain state
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("path", ["uni_http_stream", "uni_sse"])
async def test_pages_of_other_origins_are_refused(live: Live, path: str) -> None:
    answer = await live.api.http.post(f"/connection/{path}", content="{}", headers={"Origin": "https://evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    too_big = await live.api.http.post(f"/connection/{path}", content=b" " * 70_000)
    assert (too_big.status_code, too_big.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")
    wrong = await live.api.http.put(f"/connection/{path}", content="{}")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
