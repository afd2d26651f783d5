"""The index of the search on every database: filled from rows, following the log, whatever dies meanwhile."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Select, bindparam, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.comments.models import COMMENT
from roomful.db import schema
from roomful.db.base import now
from roomful.db.engine import Database
from roomful.eventlog import log
from roomful.eventlog.cursor_rows import LeaseLost, Place
from roomful.eventlog.log import EventData
from roomful.eventlog.models import CHANNEL, EVENT
from roomful.projects.models import PROJECT
from roomful.search import discussions, filling, index, matching, sources
from roomful.search.discussions import Discussions
from roomful.search.indexer import search_cursor
from roomful.search.matching import NEWEST, Wanted, newest_matches
from roomful.search.models import ENTRY, FILL
from roomful.search.rebuilding import rebuild
from roomful.search.schemas import Kind
from roomful.search.sources import Source
from roomful.search.words import terms_of
from roomful.settings import Settings
from roomful.tasks.models import TASK
from tests.conftest import settings_for
from tests.contract.test_migrations import fill_with_tasks
from tests.support.processes import dies_with_parent
from tests.support.search import transactions_of
from tests.support.server import ROOT, roomful_environment

KILLED_SECONDS = 60
TASKS = ["t1", "t2", "t3", "t4", "t5"]
"""Of the project `apollo`, all called Fly."""


@pytest.fixture
def settings(empty_database_url: str) -> Settings:
    return settings_for(empty_database_url)


@pytest.fixture
async def filled(database: Database) -> Database:
    """A database of an earlier version, migrated: its events are older than what is kept of the log."""
    async with database.engine.begin() as connection:
        await connection.run_sync(schema.apply, "0007")
        await fill_with_tasks(connection)
    await schema.upgrade(database.engine)
    return database


@pytest.fixture
async def other_node(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings)
    yield database
    await database.close()


async def catch_up(database: Database) -> None:
    await search_cursor(database, transactions_of(database)).catch_up()


async def matches(
    database: Database,
    query: str,
    *,
    projects: Sequence[str] = ("apollo", "q"),
    type: Kind | None = None,
    in_title: bool = False,
    below: int = NEWEST,
    limit: int = 100,
) -> list[str]:
    """The ids of what is found, newest first."""
    wanted = Wanted(terms_of(query), projects, type, in_title)
    async with database.read() as session:
        numbers = await newest_matches(session, wanted, below=below, limit=limit)
        rows = (await session.execute(_IDS, {"numbers": numbers})).all()
    ids = {row.number: row.id for row in rows}
    return [ids[number] for number in numbers]


async def rename(database: Database, task: str, title: str, *, type: str = "task.updated") -> None:
    """As another process does it."""
    async with database.write() as session:
        await session.execute(update(TASK).where(TASK.c.id == task).values(title=title))
        data = {"task": {"id": task}, "changed": ["title"]}
        await log.append(session, "project:apollo", EventData(type=type, actor_id=None, data=data))
        await session.commit()


async def comment(database: Database, task: str, ids: Sequence[str]) -> None:
    """Without an event: the index is told of none."""
    rows = [{"id": id, "task_id": task, "thread_id": id, "author_id": "ada", "body": "Well?"} for id in ids]
    async with database.write() as session:
        await session.execute(insert(COMMENT), rows)
        await session.commit()


async def bin_or_restore(database: Database, task: str, deleted_at: datetime | None) -> None:
    type = "task.restored" if deleted_at is None else "task.deleted"
    async with database.write() as session:
        await session.execute(update(TASK).where(TASK.c.id == task).values(deleted_at=deleted_at))
        event = EventData(type=type, actor_id=None, data={"task": {"id": task}})
        await log.append(session, "project:apollo", event)
        await session.commit()


async def put(database: Database, *entries: Source, project: str = "apollo") -> None:
    async with database.write() as session:
        await index.claim(session)
        await index.put(session, await index.prepare(project, entries))
        await session.commit()


async def test_a_filled_database_of_before(filled: Database) -> None:
    """Nothing is found right after the migration; then all of it, whatever of the log is still kept."""
    assert await matches(filled, "fly") == []
    await catch_up(filled)
    assert sorted(await matches(filled, "fly")) == TASKS
    assert await matches(filled, "apollo", type="project") == ["apollo"]
    assert await matches(filled, "q") == ["q"]
    async with filled.read() as session:
        assert (await session.execute(select(func.count()).select_from(FILL))).scalar_one() == 0

    await rename(filled, "t3", "Land")
    await catch_up(filled)
    assert await matches(filled, "land") == ["t3"]
    assert "t3" not in await matches(filled, "fly")


async def test_nodes_that_fill_and_follow_together(
    filled: Database, other_node: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "TASKS_AT_ONCE", 1)
    monkeypatch.setattr(sources, "_TASKS_AFTER", sources._TASKS_AFTER.limit(1))
    monkeypatch.setattr(filling, "WORK_SECONDS", 0.0)  # one part, then the next turn
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        for node in (filled, other_node, filled, other_node):
            tasks.create_task(catch_up(node))
        tasks.create_task(rename(other_node, "t2", "Land"))
    await catch_up(filled)
    assert sorted(await matches(filled, "fly")) == ["t1", "t3", "t4", "t5"]
    assert await matches(filled, "land") == ["t2"]


@pytest.mark.parametrize("number", [2, 4])
async def test_a_killed_process_loses_and_doubles_nothing(
    filled: Database, settings: Settings, tmp_path: Path, number: int
) -> None:
    """In the middle of the filling, and before the cursor moves on."""
    await kill_in_the_middle(settings, number, tmp_path / "said")
    async with asyncio.timeout(KILLED_SECONDS):
        while True:  # PostgreSQL notices the death some time later
            await catch_up(filled)
            if sorted(await matches(filled, "fly")) == TASKS:
                break
    await rename(filled, "t5", "Land")
    await kill_in_the_middle(settings, 1, tmp_path / "said again")
    async with asyncio.timeout(KILLED_SECONDS):
        while True:
            await catch_up(filled)
            if await matches(filled, "land") == ["t5"]:
                break
    assert sorted(await matches(filled, "fly")) == TASKS[:-1]


async def test_many_comments_go_and_come_back_in_parts(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them in one transaction would keep every other writer waiting for seconds."""
    written: list[int] = []
    put, remove = index.put, index._remove_found

    async def noted_put(session: AsyncSession, rows: Sequence[index.Row]) -> None:
        written.append(sum(row["type"] == "comment" for row in rows))
        await put(session, rows)

    async def noted_remove(session: AsyncSession, statement: Select[int], asked: Mapping[str, object]) -> int:
        removed = await remove(session, statement, asked)
        written.append(removed)
        return removed

    monkeypatch.setattr(index, "put", noted_put)
    monkeypatch.setattr(index, "_remove_found", noted_remove)
    monkeypatch.setattr(index, "REMOVED_AT_ONCE", 2)
    monkeypatch.setattr(discussions, "COMMENTS_AT_ONCE", 2)
    monkeypatch.setattr(discussions, "WORK_SECONDS", 0.0)
    said = [f"c{number}" for number in range(7)]
    await comment(filled, "t1", said)
    await catch_up(filled)
    assert sorted(await matches(filled, "well")) == said
    for deleted_at, expected in ((now(), []), (None, said)):
        await bin_or_restore(filled, "t1", deleted_at)
        await catch_up(filled)
        assert sorted(await matches(filled, "well")) == expected
    assert max(written) == 2


async def test_an_overtaken_process_adds_no_old_comments(filled: Database) -> None:
    await catch_up(filled)
    await comment(filled, "t1", ["c1"])
    behind = Place("search", "project:apollo")
    with pytest.raises(LeaseLost):
        await Discussions(filled, transactions_of(filled)).complete(behind, "apollo", ["t1"])
    assert await matches(filled, "well") == []


async def test_events_that_were_lost_fill_it_again(filled: Database) -> None:
    await catch_up(filled)
    await rename(filled, "t1", "Land")
    async with filled.write() as session:  # as retention does, while no node runs
        await session.execute(delete(TASK).where(TASK.c.id == "t2"))
        await session.execute(update(CHANNEL).where(CHANNEL.c.name == "project:apollo").values(floor=CHANNEL.c.head))
        await session.execute(delete(EVENT))
        await session.commit()
    await catch_up(filled)
    assert await matches(filled, "land") == ["t1"]
    assert sorted(await matches(filled, "fly")) == ["t3", "t4", "t5"]


async def test_a_deleted_project_leaves_the_index(filled: Database) -> None:
    await catch_up(filled)
    async with filled.write() as session:
        await session.execute(delete(PROJECT).where(PROJECT.c.id == "apollo"))
        event = EventData(type="project.deleted", actor_id=None, data={"project": {"id": "apollo"}})
        await log.append(session, "project:apollo", event)
        await session.commit()
    await catch_up(filled)
    async with filled.read() as session:
        assert (await session.scalars(select(ENTRY.c.id))).all() == ["q"]


async def test_events_of_other_things_change_nothing(filled: Database) -> None:
    await catch_up(filled)
    before = await numbers(filled)
    for type, data in (
        ("task.updated", {"task": {"id": "t1"}, "changed": ["assignee_id", "labels"]}),
        ("task.moved", {"task": {"id": "t1"}, "changed": ["position"]}),
        ("member.added", {"member": {"user_id": "ada"}}),
        ("comment.updated", {"comment": {"id": "c", "task_id": "t1"}, "changed": ["reactions"]}),
        ("of.the_future", {"task": "?"}),
    ):
        async with filled.write() as session:
            await log.append(session, "project:apollo", EventData(type=type, actor_id=None, data=data))
            await session.commit()
    await catch_up(filled)
    assert await numbers(filled) == before


async def numbers(database: Database) -> Sequence[int]:
    async with database.read() as session:
        return (await session.scalars(select(ENTRY.c.number).order_by(ENTRY.c.number))).all()


async def test_a_rebuilt_index_is_the_same(filled: Database) -> None:
    await catch_up(filled)
    async with filled.write() as session:  # damage that nothing would mend
        await session.execute(delete(ENTRY).where(ENTRY.c.id == "t4"))
        await session.execute(update(ENTRY).where(ENTRY.c.id == "t1").values(text="lost"))
        await session.commit()
    assert await rebuild(filled, transactions_of(filled)) == len(TASKS) + 2
    assert sorted(await matches(filled, "fly")) == TASKS
    assert await matches(filled, "lost") == []


async def test_pages_and_bounds(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Newest first, whether many are found among the newest or few; never more than asked for."""
    names = [f"e{number:02}" for number in range(30)]
    for start in range(0, 30, 10):
        await put(filled, *(Source("task", name, name, f"common {name}", "") for name in names[start : start + 10]))
    newest = names[::-1]
    monkeypatch.setattr(index, "BUCKET_BITS", 2)  # so that the entries are in many buckets
    assert await matches(filled, "common") == newest
    assert await matches(filled, "com", limit=3) == newest[:3]
    assert await matches(filled, "common", limit=3, below=28) == newest[3:6]
    assert await matches(filled, "e0") == newest[20:]
    assert await matches(filled, "e07 common") == ["e07"]
    assert await matches(filled, "common", projects=["other"]) == []
    assert await matches(filled, "common", projects=[f"p{number}" for number in range(2_000)]) == []
    assert await matches(filled, "common", projects=["apollo", *(f"p{number}" for number in range(2_000))]) == newest
    assert await matches(filled, "common", type="comment") == []
    monkeypatch.setattr(matching, "MOST_READ", 5)
    assert len(await matches(filled, "common")) <= 30


async def test_the_longest_texts(filled: Database) -> None:
    """A text of as many different words as one can have is cut, and stored all the same."""
    words = " ".join(f"w{number:x}\u4e00{chr(0x4E00 + number % 20_000)}" for number in range(60_000))
    await put(filled, Source("task", "long", "long", words[:200], words[: sources.MAX_TEXT_CHARS]))
    assert await matches(filled, "w0") == ["long"]


@pytest.mark.parametrize("backend", ["postgresql"])
async def test_postgresql_reads_by_the_index_alone(filled: Database) -> None:
    """Its planner would otherwise read the table, when it takes a rare word for a common one."""
    async with filled.read() as session:
        for setting in ("enable_seqscan", "enable_indexscan", "enable_indexonlyscan"):
            await session.execute(text(f"SET LOCAL {setting} = off"))
        plan = "\n".join(await session.scalars(text("EXPLAIN SELECT number FROM search_entry WHERE words @@ 'x'")))
        settings = await session.scalar(text("SELECT proconfig FROM pg_proc WHERE proname = 'search_numbers'"))
    assert "Bitmap Index Scan on ix_search_entry_words" in plan
    assert settings is not None
    assert {"enable_seqscan=off", "enable_indexscan=off", "enable_indexonlyscan=off"} <= set(settings)


async def kill_in_the_middle(settings: Settings, number: int, said: Path) -> None:
    """Let another process index, and kill it before the commit of this transaction."""
    child = subprocess.Popen(  # noqa: ASYNC220  # it only starts
        [sys.executable, "-m", "tests.support.search", settings.database_url, str(number), str(said)],
        cwd=ROOT,
        env=roomful_environment({}),
        preexec_fn=dies_with_parent(),
    )
    try:
        async with asyncio.timeout(KILLED_SECONDS):
            while not said.exists() or not said.read_text():
                assert child.poll() is None, "it ended by itself"
                await asyncio.sleep(0.02)
    finally:
        child.kill()
        await asyncio.to_thread(child.wait)


_IDS = select(ENTRY.c.number, ENTRY.c.id).where(ENTRY.c.number.in_(bindparam("numbers", expanding=True)))
