"""What is typed is told of now and then: at once after a quiet time, then every 30 s, whatever becomes of a node."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from roomful.db.base import now
from roomful.documents import digest
from roomful.documents.store import open_store
from roomful.rooms.store.port import Refused, UnknownDocument
from roomful.roomstore.models import ROOM
from roomful.runtime import Runtime
from tests.support.api import Json, Person, Project
from tests.support.fold import fold, in_order
from tests.support.rooms import Typist

pytestmark = pytest.mark.usefixtures("no_digests")


@pytest.fixture
async def document(ada: Person, project: Project) -> str:
    return str((await ada.post(f"{project.path}/documents", {"title": "Plan"}))["id"])


class Room:
    """A room of one node, as far as it stores."""

    def __init__(self, runtime: Runtime, document: str, client_id: int = 7) -> None:
        self._runtime, self._document = runtime, document
        self._store, self._typist = open_store(runtime), Typist(client_id)

    async def type(self, text: str, *user_ids: str) -> None:
        head = (await self._store.heads([self._document])).get(self._document)
        generation = head.generation if head is not None else ""
        await self._store.append(self._document, generation, self._typist.type(text), user_ids)

    async def wait(self, seconds: float) -> None:
        """Let time pass for the document."""
        async with self._runtime.transaction() as session:
            row = (await session.execute(select(ROOM).where(ROOM.c.id == self._document))).one()
            values = {
                name: value - timedelta(seconds=seconds)
                for name in ("edited_at", "dirty_since", "unversioned_since")
                if (value := getattr(row, name)) is not None
            }
            await session.execute(update(ROOM).where(ROOM.c.id == self._document).values(**values))
        self._store = open_store(self._runtime)  # which remembers when the document was edited


@pytest.fixture
def room(runtime: Runtime, document: str) -> Room:
    return Room(runtime, document)


async def digests(person: Person, project: Project) -> list[Json]:
    return [event for event in await person.events(project, after=2) if event["type"] == "document.updated"]


async def by(person: Person, project: Project) -> list[Sequence[str]]:
    return [event["data"]["by"] for event in await digests(person, project)]


async def test_the_first_change_after_a_quiet_time_is_told_at_once(ada: Person, project: Project, room: Room) -> None:
    await room.type("a", "ada")
    await room.type("b", "bob")
    await room.type("c", "bob")
    [event] = await digests(ada, project)
    assert event["data"] == event["data"] | {"changed": ["content"], "previous": {}, "by": ["ada"]}
    assert (event["actor_id"], event["data"]["document"]["version"]) == ("ada", 1)
    await room.wait(31)
    await room.type("d", "cleo")  # there is something that waits to be told
    assert await by(ada, project) == [["ada"]]


async def test_the_rest_is_told_after_thirty_seconds(
    ada: Person, project: Project, room: Room, runtime: Runtime
) -> None:
    await room.type("a", "ada")
    await room.type("b", "bob", "cleo")
    await room.type("c", "bob")
    assert await digest.tell_due(runtime) == 0
    await room.wait(31)
    assert await digest.tell_due(runtime) == 1
    assert await digest.tell_due(runtime) == 0
    assert await by(ada, project) == [["ada"], ["bob", "cleo"]]
    assert (await digests(ada, project))[1]["actor_id"] is None
    await room.type("d", "ada")  # 31 s after the last one: quiet again
    assert await by(ada, project) == [["ada"], ["bob", "cleo"], ["ada"]]


async def test_of_several_nodes_one_tells(ada: Person, project: Project, room: Room, runtime: Runtime) -> None:
    await room.type("a", "ada")
    await room.type("b", "bob")
    await room.wait(31)
    async with asyncio.TaskGroup() as nodes:
        told = [nodes.create_task(digest.tell_due(runtime)) for _ in range(4)]
    assert sum(node.result() for node in told) == 1
    assert await by(ada, project) == [["ada"], ["bob"]]


async def test_nothing_is_lost_with_folded_rows(
    ada: Person, project: Project, room: Room, runtime: Runtime, document: str
) -> None:
    """Who has written is kept beside the rows."""
    await room.type("a", "ada")
    await room.type("b", "bob")
    assert await runtime.compactor.compact(document)
    await room.wait(31)
    await digest.tell_due(runtime)
    assert await by(ada, project) == [["ada"], ["bob"]]


async def test_a_change_by_rest_tells_of_what_waits(
    ada: Person, project: Project, room: Room, runtime: Runtime, document: str
) -> None:
    await room.type("a", "bob")
    await room.type("b", "cleo")
    await ada.request("PATCH", f"/documents/{document}/content?format=update", content=Typist(9).type("c"))
    assert await by(ada, project) == [["bob"], ["cleo", ada.id]]
    await room.wait(31)
    assert await digest.tell_due(runtime) == 0


async def test_old_snapshot_and_digests_are_the_new_snapshot(
    ada: Person, project: Project, room: Room, runtime: Runtime
) -> None:
    """Also between two digests: what is not told yet is not shown."""
    old = await ada.snapshot(project)
    for text in "abc":
        await room.type(text, "ada")
    for _ in range(2):
        state = old
        for event in await ada.events(project, after=old["stream"]["offset"]):
            state = fold(state, event)
        assert in_order(state) == await ada.snapshot(project)
        await room.wait(31)
        await digest.tell_due(runtime)


async def test_an_archived_project_takes_nothing_that_is_typed(
    ada: Person, project: Project, room: Room, runtime: Runtime
) -> None:
    for text in "abc":  # the third is checked and locked by one query
        await room.type(text, "ada")
    await ada.patch(project.path, {"status": "archived"})
    with pytest.raises(Refused, match="read_only"):
        await room.type("b", "ada")
    await room.wait(31)
    with pytest.raises(Refused, match="read_only"):
        await room.type("b", "ada")
    await ada.patch(project.path, {"status": "active"})
    await room.type("c", "ada")


async def test_no_event_of_typing_comes_after_the_end(
    ada: Person, project: Project, room: Room, runtime: Runtime
) -> None:
    """Archiving and typing at once: nothing is told of after it."""

    async def type_all() -> None:
        for text in "abcdefgh":
            await room.type(text, "ada")
            await room.wait(31)
            await digest.tell_due(runtime)

    async def archive() -> None:
        await ada.patch(project.path, {"status": "archived"})

    with pytest.raises(ExceptionGroup):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(type_all())
            tasks.create_task(archive())
            tasks.create_task(archive())
    events = await ada.all_events(project, after=2)
    assert events[-1]["type"] == "project.archived"


async def test_a_document_that_is_gone_takes_nothing(
    ada: Person, project: Project, room: Room, runtime: Runtime, document: str
) -> None:
    await room.type("a", "ada")
    await room.type("b", "bob")
    await ada.delete(f"/documents/{document}")
    with pytest.raises(UnknownDocument):
        await room.type("c", "ada")
    await room.wait(31)
    assert await digest.tell_due(runtime) == 0
    await ada.post(f"/documents/{document}/restore", expect=200)
    assert await digest.tell_due(runtime) == 1
    assert await by(ada, project) == [["ada"], ["bob"]]


async def test_a_killed_node_leaves_no_digest_out(
    ada: Person, project: Project, room: Room, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It dies between the row and the commit: neither the row nor the event is there."""
    await room.type("a", "ada")

    class Killed(BaseException):
        pass

    async def die(*_: object, **__: object) -> None:
        raise Killed

    await room.type("b", "bob")
    await room.wait(31)
    with monkeypatch.context() as patch:
        patch.setattr(digest, "record", die)
        with pytest.raises(Killed):
            await digest.tell_due(runtime)
    assert await by(ada, project) == [["ada"]]
    assert await digest.tell_due(runtime) == 1
    assert await by(ada, project) == [["ada"], ["bob"]]


def test_what_is_quiet() -> None:
    assert digest.is_due(dirty_since=None, edited_at=None)
    assert digest.is_due(dirty_since=None, edited_at=now() - timedelta(seconds=31))
    assert not digest.is_due(dirty_since=None, edited_at=now() - timedelta(seconds=29))
    assert not digest.is_due(dirty_since=now() - timedelta(seconds=60), edited_at=now() - timedelta(seconds=60))
