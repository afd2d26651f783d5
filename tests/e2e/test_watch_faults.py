"""`roomful-watch` when the server is killed, restarted, or can't recover everything."""

import asyncio
from http import HTTPStatus

import httpx
import msgspec
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from tests.conftest import Backend
from tests.support.api import Person, Project
from tests.support.server import Server
from tests.support.watch import Watch, watching


@pytest.fixture
def backend() -> Backend:
    """It behaves alike on either database."""
    return "sqlite"


@pytest.fixture
async def ada(server: Server) -> Person:
    return await server.api.register("ada")


@pytest.fixture
async def project(ada: Person) -> Project:
    return await ada.create_project("Apollo")


async def test_every_event_is_shown_once_though_the_server_is_killed_amid_writes(
    server: Server, ada: Person, project: Project
) -> None:
    answered: set[str] = set()
    half, is_back = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        for number in range(200):
            try:
                answered.add((await ada.create_task(project, f"Task {number}"))["id"])
            except httpx.TransportError:
                await is_back.wait()
            if number == 100:
                half.set()

    async def kill() -> None:
        await half.wait()
        await server.kill()
        await server.start()
        is_back.set()

    async with watching(server, ada, project, "--json") as watch:
        await watch.connected()
        async with asyncio.TaskGroup() as group:
            group.create_task(write())
            group.create_task(kill())
        head = (await ada.get(project.path))["offset"]
        events = [await watch.event() for _ in range(head - 1)]
        watch.interrupt()
        assert (await watch.ended())[:2] == (0, "")
    assert [event["offset"] for event in events] == list(range(2, head + 1))
    assert answered <= {event["data"]["task"]["id"] for event in events}
    assert events == await ada.all_events(project, after=1)


class TestFewRecoverable:
    """More than the event socket recovers at once is read page by page."""

    @pytest.fixture
    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return {**environment, "ROOMFUL_RECOVERY_LIMIT": "2"}

    async def test_nothing_is_missing(self, server: Server, ada: Person, project: Project) -> None:
        for number in range(9):
            await ada.create_task(project, f"Task {number}")
        async with watching(server, ada, project, "--json", "--since", "0") as watch:
            assert [(await watch.event())["offset"] for _ in range(10)] == list(range(1, 11))
            await ada.create_task(project)
            assert (await watch.event())["offset"] == 11


async def test_an_absent_server_is_given_up() -> None:
    async with Watch("project", "--url", "http://127.0.0.1:1", token="token") as watch:
        code, output, errors = await watch.ended()
    assert (code, output) == (1, "")
    assert errors.splitlines()[-1].startswith("roomful-watch: the server can't be reached")


async def test_pings_are_answered_while_past_events_are_read() -> None:
    pong = asyncio.Event()

    async def answer(connection: ServerConnection) -> None:
        replies = {
            "connect": {"client": "c", "ping": 25, "pong": True},
            "subscribe": {"epoch": "e", "offset": 1},
            "presence": {"presence": {}},
        }
        for name, result in replies.items():
            command = msgspec.json.decode(await connection.recv())
            await connection.send(msgspec.json.encode({"id": command["id"], name: result}), text=True)
        await connection.send("{}")
        assert await connection.recv() == "{}"
        pong.set()
        await connection.wait_closed()

    async def list_events(connection: ServerConnection, request: Request) -> Response | None:
        if "/events?" not in request.path:
            return None
        await pong.wait()
        response = connection.respond(HTTPStatus.OK, '[{"offset": 1, "type": "project.created"}]')
        response.headers["X-Stream-Epoch"] = "e"
        return response

    async with serve(answer, "127.0.0.1", 0, process_request=list_events) as slow:
        _, port = slow.sockets[0].getsockname()
        address = f"http://127.0.0.1:{port}"
        async with Watch("project", "--url", address, "--json", "--since", "0", token="token") as watch:
            assert (await watch.event())["offset"] == 1


OSC = "\x1b]0;pwned\x07\x9b31m\u202e"


async def test_a_refusal_cannot_control_the_terminal() -> None:
    def refuse(connection: ServerConnection, _request: Request) -> Response:
        return connection.respond(HTTPStatus.FORBIDDEN, msgspec.json.encode({"error": OSC}).decode())

    async with serve(ServerConnection.wait_closed, "127.0.0.1", 0, process_request=refuse) as hostile:
        _, port = hostile.sockets[0].getsockname()
        async with Watch("project", "--url", f"http://127.0.0.1:{port}", token="token") as watch:
            code, output, errors = await watch.ended()
    assert (code, output) == (1, "")
    assert errors == "roomful-watch: the server answered 403: �]0;pwned��31m�\n"


async def test_a_close_reason_cannot_control_the_terminal() -> None:
    async def close(connection: ServerConnection) -> None:
        await connection.close(4500, OSC)

    async with serve(close, "127.0.0.1", 0) as hostile:
        _, port = hostile.sockets[0].getsockname()
        async with Watch("project", "--url", f"http://127.0.0.1:{port}", token="token") as watch:
            code, output, errors = await watch.ended()
    assert (code, output) == (1, "")
    assert errors == "roomful-watch: the server ended the connection: �]0;pwned��31m� (4500)\n"


async def test_output_without_emoji_works(server: Server, ada: Person, project: Project) -> None:
    await ada.create_task(project, "Zähl 🚀")
    watch = Watch(
        *(project.id, "--url", server.url, "--since", "1"), token=ada.token, environment={"PYTHONIOENCODING": "ascii"}
    )
    async with watch:
        assert (await watch.line()).endswith("Ada added ?Z?hl ??")
