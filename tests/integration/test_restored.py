"""A database restored from a backup: nobody continues from the lost history."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.engine import make_url

from roomful.eventlog.epochs import OFFSETS_SKIPPED
from roomful.eventlog.models import Channel, Event
from roomful.runtime import Runtime
from roomful.settings import Settings
from tests.conftest import environment_for
from tests.integration.test_event_source import open_stream
from tests.support.api import Json, Person, Project
from tests.support.app import Live, serving
from tests.support.postgresql import PostgreSQL
from tests.support.server import run_command
from tests.support.sockets import Closed
from tests.support.subscribers import CommandError, PlainSubscriber, Subscriber

Backup = Callable[[], str]


@pytest.fixture
def back_up(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[Backup]:
    """Copies the unused database. Returns the copy's URL."""
    if database_url.startswith("sqlite"):
        copy = tmp_path / "backup.db"

        def copy_file() -> str:
            shutil.copy(make_url(database_url).database or "", copy)
            return f"sqlite:///{copy}"

        yield copy_file
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    copies: list[str] = []

    def copy_database() -> str:
        copies.append(server.create_database(make_url(database_url).database))
        return server.url(copies[-1])

    yield copy_database
    for name in copies:
        server.drop_database(name)


async def test_positions_of_a_lost_history_are_refused(settings: Settings, back_up: Backup, tmp_path: Path) -> None:
    """Three events in the backup, three lost ones, and then more new ones than were lost."""
    async with serving(settings) as live:
        ada = await live.api.register("ada")
        project = await ada.create_project()
        kept = await ada.create_task(project, "kept")
    copy = back_up()
    async with serving(settings) as live:
        ada = await signed_in_at(live, ada)
        async with Subscriber(live.socket_url, token=ada.token) as reader:
            await reader.subscribe(project.channel)
            for number in range(3):
                await ada.create_task(project, f"lost {number}")
            await ada.change_task(project, kept, title="changed and lost")
            while (await reader.next_push()).type != "task.updated":
                pass
            epoch, offset = reader.position(project.channel)

    told = await run_command(["db", "restored"], tmp_path, environment_for(copy))
    assert (told.exit_code, told.errors) == (0, ""), told

    async with serving(settings.model_copy(update={"database_url": copy})) as live:
        ada = await signed_in_at(live, ada)
        for number in range(2 * offset):
            await ada.create_task(project, f"new {number}")
        newest = (await ada.snapshot(project))["stream"]
        assert newest["epoch"] != epoch
        for seen in (0, 1, offset - 1, offset):
            gone = await ada.request("GET", f"{project.path}/events?after={seen}")
            assert (gone.status_code, gone.json()["code"]) == (410, "EVENTS_EXPIRED"), seen
            async with Subscriber(live.socket_url, token=ada.token) as subscriber:
                for claimed in (epoch, ""):
                    answer = await subscriber.subscribe(project.channel, recover=True, offset=seen, epoch=claimed)
                    assert (answer["was_recovering"], answer.get("recovered", False)) == (True, False)
                    assert (answer["epoch"], answer["offset"]) == (newest["epoch"], newest["offset"])
                    await subscriber.unsubscribe(project.channel)
                for reverse in (False, True):
                    with pytest.raises(CommandError, match="unrecoverable"):
                        await subscriber.command(
                            "history", channel=project.channel, limit=9, since={"offset": seen}, reverse=reverse
                        )
            reset = {"recovered": False, "offset": newest["offset"], "epoch": newest["epoch"]}
            async with PlainSubscriber(live.socket_url, project.id, token=ada.token, since=seen) as plain:
                assert await plain.next_event() == reset
            async with open_stream(ada, project, Last_Event_ID=str(seen)) as stream:
                assert json.loads((await stream.next())["data"]) == reset
        # From its start the new history is whole.
        first = newest["offset"] - 2 * offset
        titles = [event["data"]["task"]["title"] for event in await ada.all_events(project, after=first)]
        assert titles == [f"new {number}" for number in range(2 * offset)]
        async with Subscriber(live.socket_url, token=ada.token) as subscriber:
            whole = await subscriber.command("history", channel=project.channel, limit=-1, reverse=True)
        assert [each["offset"] for each in whole["publications"]] == list(range(newest["offset"], first, -1))


async def test_no_invitation_of_the_backup_admits_anybody(settings: Settings, back_up: Backup, tmp_path: Path) -> None:
    """The backup can't know whether they were used or withdrawn since."""
    async with serving(settings) as live:
        ada = await live.api.register("ada")
        project = await ada.create_project()
        path = f"{project.path}/invitations"
        used = await ada.post(path, {"role": "editor"})
        await ada.post(path, {"role": "editor", "email": "grace@example.org"})
        withdrawn = await ada.post(path, {"role": "editor"})
        await ada.delete(f"{path}/{withdrawn['id']}")
    copy = back_up()

    told = await run_command(["db", "restored"], tmp_path, environment_for(copy))
    assert "2 open invitations are withdrawn" in told.output, told
    async with serving(settings.model_copy(update={"database_url": copy})) as live:
        ada, eve = await signed_in_at(live, ada), await live.api.register("eve")
        assert await ada.get(path) == []
        answer = await eve.request("POST", f"/invitations/{token_of(used)}/accept")
        assert (answer.status_code, answer.json()["code"]) == (410, "GONE")
        later = await ada.post(path, {"role": "editor"})
        await eve.post(f"/invitations/{token_of(later)}/accept", expect=200)


async def test_subscribers_are_told_while_the_server_runs(live: Live, tmp_path: Path) -> None:
    ada, project = await somebody(live)
    async with (
        Subscriber(live.socket_url, token=ada.token) as subscriber,
        PlainSubscriber(live.socket_url, project.id, token=ada.token) as plain,
    ):
        await subscriber.subscribe(project.channel)
        await ada.create_task(project, "before")
        await plain.expect_event("task.created")
        told = await run_command(["db", "restored"], tmp_path, environment_for(live.runtime.settings.database_url))
        assert told.exit_code == 0, told
        reset = await plain.next_event()
        assert (reset["recovered"], reset["offset"]) == (False, 2 + OFFSETS_SKIPPED)
        await ada.create_task(project, "after")
        assert (await plain.expect_event("task.created"))["offset"] == 3 + OFFSETS_SKIPPED
        await expect_reset(subscriber, project)


@pytest.mark.parametrize("new", [0, 1, 5])
async def test_a_node_notices_that_its_history_was_rolled_back(live: Live, new: int) -> None:
    """Like a failover that loses three commits, which `new` others replace at once."""
    ada, project = await somebody(live)
    async with (
        Subscriber(live.socket_url, token=ada.token) as subscriber,
        PlainSubscriber(live.socket_url, project.id, token=ada.token) as plain,
    ):
        await subscriber.subscribe(project.channel)
        for number in range(5):
            await ada.create_task(project, f"{number}")
            await plain.expect_event("task.created")
        epoch, offset = subscriber.position(project.channel)
        await roll_back(live.runtime, project, 3)
        for number in range(new):
            await ada.create_task(project, f"new {number}")
        reset = await plain.next_event()
        while "recovered" not in reset:  # some may come above the old offset before it is noticed
            assert reset["offset"] > offset
            reset = await plain.next_event()
        # It may be noticed while the new ones come; later ones are delivered as usual.
        assert reset["recovered"] is False
        assert reset["epoch"] != epoch
        newest = 3 + new + OFFSETS_SKIPPED
        later = [(await plain.next_event())["offset"] for _ in range(reset["offset"], newest)]
        assert later == list(range(reset["offset"] + 1, newest + 1))
        await expect_reset(subscriber, project)


async def test_an_old_answer_about_the_head_is_no_rollback(live: Live) -> None:
    """The reported head was read before the events that came meanwhile."""
    ada, project = await somebody(live)
    hub = live.runtime.engine.hub
    async with PlainSubscriber(live.socket_url, project.id, token=ada.token) as plain:
        await ada.create_task(project, "before")
        await plain.expect_event("task.created")
        heads = live.runtime.engine.history.heads

        async def slow(channels: object) -> object:
            live.runtime.engine.history.heads = heads  # type: ignore[method-assign]  # once, whichever reconcile it is
            found = await heads(channels)  # type: ignore[arg-type]
            await ada.create_task(project, "meanwhile")
            return found

        live.runtime.engine.history.heads = slow  # type: ignore[method-assign,assignment]
        await hub.reconcile()
        await plain.expect_event("task.created")
        await hub.reconcile()
        await plain.expect_silence()
        assert (hub.counters.resets, hub.counters.repairs) == (0, 0)


def token_of(invitation: Json) -> str:
    return str(invitation["url"].rpartition("/")[2])


async def somebody(live: Live) -> tuple[Person, Project]:
    ada = await live.api.register("ada")
    return ada, await ada.create_project()


async def signed_in_at(live: Live, person: Person) -> Person:
    return await live.api.sign_in(person.email)


async def expect_reset(subscriber: Subscriber, project: Project) -> None:
    """The subscriber is told that its state is insufficient; coming back, it is not given the rest as if it were all.

    Where its own channel of notifications was reset as well, that ends the connection.
    """
    try:
        while (push := await subscriber.next_push()).kind != "unsubscribe" or push.channel != project.channel:
            pass
        code = push.body["code"]
    except Closed as closed:
        code = closed.code
    assert code in (2500, 3010)
    assert not (await subscriber.reconnect())[project.channel].get("recovered", False)


async def roll_back(runtime: Runtime, project: Project, offset: int) -> None:
    async with runtime.database.write() as session:
        await session.execute(delete(Event).where(Event.channel == project.channel, Event.offset > offset))
        await session.execute(update(Channel).where(Channel.name == project.channel).values(head=offset))
        await session.commit()
    async with runtime.database.read() as reading:
        assert await reading.scalar(select(Channel.head).where(Channel.name == project.channel)) == offset
