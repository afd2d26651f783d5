"""The application under another ASGI server: slower, but with every promise."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from tests.conftest import Backend
from tests.support.document_clients import WIRES, DocumentClient, Wire
from tests.support.documents import create_document
from tests.support.server import Server
from tests.support.subscribers import PlainSubscriber, Subscriber


@pytest.fixture
def backend() -> Backend:
    return "sqlite"


@pytest.fixture
async def server(environment: dict[str, str], tmp_path: Path) -> AsyncIterator[Server]:
    program = [sys.executable, "-m", "hypercorn", "roomful.app:create_app()", "--bind", "127.0.0.1:{port}"]
    async with Server(tmp_path, environment, program=program) as server:
        yield server


async def test_sockets_work_under_hypercorn(server: Server) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project()
    plain = PlainSubscriber(server.socket_url, project.id, token=ada.token, since=0)
    async with plain, Subscriber(server.socket_url, token=ada.token) as subscriber:
        await subscriber.subscribe(project.channel)
        titles = [f"task {number}" for number in range(20)]
        for title in titles:
            await ada.create_task(project, title)
        pushes = [await subscriber.expect_push("task.created") for _ in titles]
        assert [push.event["data"]["task"]["title"] for push in pushes] == titles

        await subscriber.drop()
        await ada.create_task(project, "while away")
        answer = (await subscriber.reconnect())[project.channel]
        assert answer["recovered"]
        assert [pub["data"]["data"]["task"]["title"] for pub in answer["publications"]] == ["while away"]

        await plain.expect_event("project.created")
        heard = [await plain.expect_event("task.created") for _ in range(21)]
        assert [event["offset"] for event in heard] == list(range(heard[0]["offset"], heard[0]["offset"] + 21))

    stranger = Subscriber(server.socket_url, token="bad")
    await stranger.open()
    await stranger.send_command("connect", token="bad")
    await stranger.expect_close(3500)
    await stranger.close()


@pytest.mark.parametrize("wire", WIRES)
async def test_documents_work_under_hypercorn(server: Server, wire: Wire) -> None:
    ada = await server.api.register("ada")
    document = await create_document(ada, await ada.create_project())
    async with (
        DocumentClient(server.socket_url, document, token=ada.token, wire=wire) as one,
        DocumentClient(server.socket_url, document, token=ada.token, wire=wire) as two,
    ):
        await one.insert("x" * 300_000)
        await one.is_stored()
        await two.reads("x" * 300_000)
        await ada.delete(f"/documents/{document}")
        await one.expect_end(4404)
    if wire == "yjs":
        with pytest.raises(InvalidStatus):
            await one.open()
