"""Documents on two nodes of one process, where a test can hold up or lose what goes between them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
from pycrdt import XmlFragment
from pydantic import SecretStr

from roomful.channels import project_channel
from roomful.gateway.documents import open_documents
from roomful.gateway.documents.rooms import DocumentRooms
from roomful.rooms.broker.port import RoomMessage, RowStored
from roomful.rooms.broker.redis import RedisRoomBroker
from roomful.rooms.store.port import Loaded
from roomful.roomstore.sql_store import SqlStore
from roomful.settings import Settings
from tests.conftest import Backend
from tests.support.api import Person, Project
from tests.support.app import Live, serving
from tests.support.brokers import becomes
from tests.support.document_clients import DocumentClient
from tests.support.documents import create_document
from tests.support.valkey import Valkey


@pytest.fixture
def backend() -> Backend:
    """The database is not what is tested."""
    return "sqlite"


@dataclass(frozen=True, slots=True)
class Pair:
    one: Live
    two: Live


@pytest.fixture
async def pair(settings: Settings, valkey: Valkey) -> AsyncIterator[Pair]:
    shared = settings.model_copy(update={"redis_url": SecretStr(valkey.url)})
    async with serving(shared) as one, serving(shared) as two:

        def know_each_other() -> bool:
            nodes = [(live.runtime.engine.broker, live.runtime.engine.emulation.node) for live in (one, two)]
            (broker, name), (other, other_name) = nodes
            return bool(broker.is_live(other_name) and other.is_live(name))

        await becomes(know_each_other, 10, what="each has heard the other")
        yield Pair(one, two)


@pytest.fixture
async def ada(pair: Pair) -> Person:
    return await pair.one.api.register("ada")


@pytest.fixture
async def document(ada: Person, project: Project) -> str:
    return await create_document(ada, project)


def documents_of(live: Live) -> DocumentRooms:
    documents: DocumentRooms = live.app.state.documents
    return documents


async def test_row_that_is_stored_while_a_node_loads_is_not_missed(
    pair: Pair, ada: Person, document: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = SqlStore.load
    async with DocumentClient(pair.one.socket_url, document, token=ada.token) as writer:

        async def load_slowly(self: SqlStore, document_id: str) -> Loaded:
            loaded = await load(self, document_id)
            await writer.insert("stored meanwhile")
            await writer.is_stored()
            return loaded

        monkeypatch.setattr(SqlStore, "load", load_slowly)
        async with DocumentClient(pair.two.socket_url, document, token=ada.token) as reader:
            await reader.reads("stored meanwhile")


@pytest.mark.parametrize("edit", ["insertion", "deletion"])
async def test_message_that_nobody_knows_to_be_lost_is_made_up_for(
    pair: Pair, ada: Person, document: str, monkeypatch: pytest.MonkeyPatch, edit: str
) -> None:
    publish, lost = RedisRoomBroker.publish, list[RoomMessage]()
    async with (
        DocumentClient(pair.one.socket_url, document, token=ada.token) as writer,
        DocumentClient(pair.two.socket_url, document, token=ada.token) as reader,
    ):
        await writer.insert("before")
        await reader.reads("before")

        def lose(self: RedisRoomBroker, message: RoomMessage) -> None:
            if isinstance(message, RowStored):
                lost.append(message)
            else:
                publish(self, message)

        monkeypatch.setattr(RedisRoomBroker, "publish", lose)
        if edit == "insertion":
            await writer.insert(" and after")
        else:
            await writer.delete_all()
        await writer.is_stored()
        assert len(lost) == 1
        await reader.reads(str(writer.text), documents_of(pair.two).rooms.limits.reconcile_seconds * 2)


async def test_nothing_is_published_before_it_is_stored(
    pair: Pair, ada: Person, document: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, may_append = SqlStore.append, asyncio.Event()

    async def append_later(self: SqlStore, *arguments: object) -> object:
        await may_append.wait()
        return await append(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(SqlStore, "append", append_later)
    async with (
        DocumentClient(pair.one.socket_url, document, token=ada.token) as writer,
        DocumentClient(pair.one.socket_url, document, token=ada.token) as near,
        DocumentClient(pair.two.socket_url, document, token=ada.token) as far,
    ):
        await writer.insert("hello")
        await near.reads("hello")
        await asyncio.sleep(0.3)
        assert str(far.text) == ""
        assert writer.stored < writer.sent
        may_append.set()
        await far.reads("hello")
        await writer.is_stored()


async def test_project_is_followed_while_one_of_its_documents_is_open(
    pair: Pair, ada: Person, project: Project, document: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_documents, "KEPT_SECONDS", 0.0)
    hub, documents = pair.two.runtime.engine.hub, documents_of(pair.two)
    async with DocumentClient(pair.two.socket_url, document, token=ada.token):
        documents.opened.forget_closed()
        assert len(documents.opened) == 1
        assert hub.position(project_channel(project.id)) is not None
    documents.opened.forget_closed()
    assert len(documents.opened) == 1  # the room is still there, and so is the right to come back quickly
    documents.rooms.end_document(document)
    documents.opened.forget_closed()
    assert len(documents.opened) == 0
    monkeypatch.setattr("roomful.realtime.delivery.channels.LINGER_SECONDS", 0.0)
    await becomes(lambda: hub.position(project_channel(project.id)) is None, 5, what="the project is left")


async def test_content_that_is_changed_by_rest_reaches_the_editors_of_both_nodes(
    pair: Pair, ada: Person, document: str
) -> None:
    async with (
        DocumentClient(pair.one.socket_url, document, token=ada.token, wire="yjs") as near,
        DocumentClient(pair.two.socket_url, document, token=ada.token, wire="hocuspocus") as far,
    ):
        answer = await ada.request("PATCH", f"/documents/{document}/content?format=text", content="By REST")
        assert answer.status_code == 204
        for client in (near, far):
            content = client.doc.get("default", type=XmlFragment)
            await client.becomes(partial(_says, content, "By REST"))
        await far.insert("typed")
        await far.is_stored()
        text = (await ada.request("GET", f"/documents/{document}/content?format=text")).text
        assert "By REST" in text


async def test_a_description_is_written_on_two_nodes_and_ends_with_its_task(
    pair: Pair, ada: Person, project: Project
) -> None:
    """One node has its task changed while people type on the other; then the task is deleted."""
    task = await ada.create_task(project, "Order fuel", description="Two tanks.")
    document = (await ada.post(f"{project.path}/tasks/{task['id']}/document"))["id"]
    elsewhere = replace(ada, http=pair.two.api.http)
    async with (
        DocumentClient(pair.one.socket_url, document, token=ada.token) as near,
        DocumentClient(pair.two.socket_url, document, token=ada.token, wire="hocuspocus") as far,
    ):
        content = near.doc.get("default", type=XmlFragment)
        await near.change(lambda: _append(content, " Full."))
        await near.is_stored()
        told = await elsewhere.get(f"{project.path}/tasks/{task['id']}")
        assert (told["description"], told["version"]) == ("Two tanks. Full.", 1)
        await near.change(lambda: _append(content, " Not told."))
        await near.is_stored()
        changed = await elsewhere.change_task(project, task, description="Two tanks. Full.\n\nBy rail.")
        assert changed["description"] == "Two tanks. Full. Not told.\n\nBy rail."
        for client in (near, far):
            content = client.doc.get("default", type=XmlFragment)
            await client.becomes(partial(_says, content, "By rail."))
            assert "Two tanks. Full. Not told." in str(content)
        await elsewhere.delete(f"{project.path}/tasks/{task['id']}")
        assert await near.expect_end(4404) == "document deleted"
        assert await far.expect_end(4404) == "document deleted"
    await ada.get(f"/documents/{document}", expect=404)


def _append(content: XmlFragment, text: str) -> None:
    paragraph: Any = content.children[0]
    run = paragraph.children[0]
    run.insert(len(run), text, {})


def _says(content: XmlFragment, text: str) -> bool:
    return text in str(content)
