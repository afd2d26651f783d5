"""The promises of docs/proxies.md behind each of its proxies: nothing is lost, delayed, or attributed wrongly."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.conftest import environment_for
from tests.support import real_proxies
from tests.support.api import Api, Person, Project, next_page
from tests.support.databases import SqliteFiles
from tests.support.document_clients import WIRES, DocumentClient
from tests.support.documents import create_document
from tests.support.server import Server
from tests.support.sockets import Closed
from tests.support.streams import Kind, StreamSocket, messages_of
from tests.support.subscribers import PlainSubscriber, Subscriber

pytestmark = pytest.mark.asyncio(loop_scope="module")

PREFIX = "/team"
HELD_BACK_SECONDS = 0.15
"""HAProxy delays an event by 200 ms by default; the quickest of several is not among those."""
TRIES = 5
"""Caddy may cut off a stream by POST as it begins, when the answer comes before it has looked for the end of the
request's body: it closes its own connection to the server. SDKs come back.
"""


@dataclass(frozen=True, slots=True)
class Proxied:
    """A proxy before the server, and a client of it. `url` ends with the prefix, if any."""

    url: str
    ada: Person
    project: Project

    @property
    def socket_url(self) -> str:
        return self.url.replace("http", "ws", 1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    directory = tmp_path_factory.mktemp("server")
    environment = {
        **environment_for(sqlite_files.create(directory / "roomful.db")),
        "ROOMFUL_TRUSTED_PROXIES": "127.0.0.1",
        "ROOMFUL_RATE_LIMIT_SIGN_IN": "2",
        "ROOMFUL_RATE_LIMIT_REGISTRATION": "0",
    }
    async with Server(directory, environment) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=real_proxies.NAMES)
async def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


async def proxied(server: Server, name: str, snippet: str, folder: Path, *, prefix: str = "") -> AsyncIterator[Proxied]:
    async with real_proxies.proxy(name, snippet, folder, upstream_port=server.port) as address:
        async with httpx.AsyncClient(base_url=f"http://{address}{prefix}", trust_env=False, timeout=10) as http:
            ada = await Api(http).register("ada")
            yield Proxied(f"http://{address}{prefix}", ada, await ada.create_project())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at_root(server: Server, name: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Proxied]:
    root, _ = real_proxies.snippets(name)
    async for proxy in proxied(server, name, root, tmp_path_factory.mktemp(name)):
        yield proxy


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def below_prefix(server: Server, name: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Proxied]:
    _, below = real_proxies.snippets(name)
    async for proxy in proxied(server, name, below, tmp_path_factory.mktemp(name), prefix=PREFIX):
        yield proxy


async def quickest(proxy: Proxied, receive: Callable[[], Awaitable[object]]) -> float:
    """The shortest time, in seconds, from the answer to a change until its event has come."""
    seconds = []
    for number in range(5):
        await proxy.ada.create_task(proxy.project, f"Task {number}")
        began = time.perf_counter()
        async with asyncio.timeout(10):
            await receive()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


async def test_sockets_pass(at_root: Proxied) -> None:
    ada, project = at_root.ada, at_root.project
    async with Subscriber(at_root.socket_url, token=ada.token) as subscriber:
        await subscriber.subscribe(project.channel)
        assert await quickest(at_root, lambda: subscriber.expect_push("task.created")) < HELD_BACK_SECONDS
    async with PlainSubscriber(at_root.socket_url, project.id, token=ada.token) as plain:
        assert await quickest(at_root, lambda: plain.expect_event("task.created")) < HELD_BACK_SECONDS


async def test_documents_pass(at_root: Proxied, below_prefix: Proxied) -> None:
    for proxy in (at_root, below_prefix):
        document = await create_document(proxy.ada, proxy.project)
        for wire in WIRES:
            async with DocumentClient(proxy.socket_url, document, token=proxy.ada.token, wire=wire) as client:
                await client.insert("x" * 500_000)
                await client.is_stored()
        stranger = DocumentClient(proxy.socket_url, document, token="rubbish")
        with pytest.raises(InvalidStatus) as refused:
            await stranger.open()
        assert refused.value.response.status_code == 401


@pytest.mark.parametrize("kind", ["http_stream", "sse"])
async def test_streams_are_not_held_back(at_root: Proxied, kind: Kind) -> None:
    async with AsyncExitStack() as stack:
        for left in reversed(range(TRIES)):
            subscriber = Subscriber("", token=at_root.ada.token, socket=StreamSocket(at_root.url, kind))
            try:
                await stack.enter_async_context(subscriber)
                await subscriber.subscribe(at_root.project.channel)
                break
            except Closed:
                await subscriber.close()
                if not left:
                    raise
        assert await quickest(at_root, lambda: subscriber.expect_push("task.created")) < HELD_BACK_SECONDS


async def test_server_sent_events_are_not_held_back(at_root: Proxied) -> None:
    headers = {"Authorization": f"Bearer {at_root.ada.token}", "Accept": "text/event-stream"}
    # Like a browser, which accepts compression.
    headers["Accept-Encoding"] = "gzip, br"
    offset = (await at_root.ada.get(at_root.project.path))["offset"]
    async with httpx.AsyncClient(trust_env=False, timeout=None) as http:
        address = f"{at_root.url}/api/v1{at_root.project.path}/events?after={offset}"
        async with http.stream("GET", address, headers=headers) as answer:
            events = messages_of(answer, "sse")
            assert await quickest(at_root, events.__anext__) < HELD_BACK_SECONDS


async def test_only_the_page_of_the_proxy_may_connect(at_root: Proxied) -> None:
    address = f"{at_root.socket_url}/connection/websocket"
    async with connect(address, additional_headers={"Origin": at_root.url}):
        pass
    for origin in ("https://evil.example", at_root.url.replace("http", "https")):
        with pytest.raises(InvalidStatus) as refused:
            await connect(address, additional_headers={"Origin": origin})
        assert refused.value.response.status_code == 403


async def test_limits_tell_clients_apart_whatever_they_claim(at_root: Proxied) -> None:
    async def attempt(address: str, claim: str) -> int:
        transport = httpx.AsyncHTTPTransport(local_address=address)
        async with httpx.AsyncClient(transport=transport, timeout=10) as http:
            form = {"username": at_root.ada.email, "password": "wrong password"}
            headers = {"X-Forwarded-For": claim}
            return (await http.post(f"{at_root.url}/api/v1/auth/token", data=form, headers=headers)).status_code

    assert [await attempt("127.0.0.2", f"203.0.113.{number}") for number in range(3)] == [401, 401, 429]
    assert await attempt("127.0.0.3", "203.0.113.1") == 401


async def test_a_clients_claim_of_tls_is_not_passed_on(at_root: Proxied) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{at_root.url}/healthz", headers={"X-Forwarded-Proto": "https"})
    assert answer.status_code == 200
    assert "Strict-Transport-Security" not in answer.headers


async def test_addresses_lead_back_through_a_prefix(below_prefix: Proxied) -> None:
    ada, project = below_prefix.ada, below_prefix.project
    made = [await ada.request("POST", f"{project.path}/tasks", json={"title": f"T{number}"}) for number in range(3)]
    for answer in made:
        address = answer.url.join(answer.headers["Location"])
        assert str(address).startswith(f"{below_prefix.url}/api/v1/")
        assert (await ada.http.get(address, headers=bearer(ada))).json() == answer.json()
    first = await ada.request("GET", f"{project.path}/tasks?limit=2")
    following = next_page(first)
    assert following is not None
    assert following.startswith(f"{PREFIX}/api/v1{project.path}/tasks?")
    async with httpx.AsyncClient(trust_env=False) as http:
        assert len((await http.get(first.url.join(following), headers=bearer(ada))).json()) == 1
        for page in ("/", "/docs", "/api/v1/openapi.json", "/asyncapi.json"):
            assert (await http.get(below_prefix.url + page)).status_code == 200
        to_board = await http.get(below_prefix.url)
        assert to_board.is_redirect
        assert to_board.url.join(to_board.headers["Location"]).path == f"{PREFIX}/"


async def test_sockets_pass_below_a_prefix(below_prefix: Proxied) -> None:
    ada, project = below_prefix.ada, below_prefix.project
    async with Subscriber(below_prefix.socket_url, token=ada.token) as subscriber:
        await subscriber.subscribe(project.channel)
        await ada.create_task(project, "Pack")
        await subscriber.expect_push("task.created")
    async with PlainSubscriber(below_prefix.socket_url, project.id, token=ada.token) as plain:
        await ada.create_task(project, "Go")
        await plain.expect_event("task.created")


async def test_a_tag_that_a_proxy_changed_still_names_its_version(at_root: Proxied) -> None:
    task = await at_root.ada.create_task(at_root.project, "Pack")
    path = f"{at_root.project.path}/tasks/{task['id']}"
    tag = (await at_root.ada.request("GET", path)).headers["ETag"]
    answer = await at_root.ada.request("PATCH", path, json={"title": "Unpack"}, If_Match=tag)
    assert answer.status_code == 200


def bearer(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}
