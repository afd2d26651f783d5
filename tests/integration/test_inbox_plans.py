"""Inboxes are read and counted along their indices, without sorting, on both databases."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, insert, select, text

from roomful.ids import new_id
from roomful.projects.models import NOTIFICATION
from roomful.runtime import Runtime
from tests.support.api import Api
from tests.support.inbox import all_told, inbox

Query = tuple[str, Any]
"""A statement as the driver gets it, and its parameters."""


@contextmanager
def queries(runtime: Runtime) -> Iterator[list[Query]]:
    """The queries of notifications that are made in the block."""
    made: list[Query] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.lstrip().startswith("SELECT") and "FROM notification" in statement:
            made.append((statement, parameters))

    engine = runtime.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield made
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def plan_of(runtime: Runtime, query: Query) -> str:
    statement, parameters = query
    is_sqlite = runtime.database.is_sqlite
    async with runtime.database.read() as session:
        connection = await session.connection()
        if not is_sqlite:  # so few rows would be read from the table and sorted
            for way in ("seqscan", "bitmapscan", "sort"):
                await connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        explain = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
        steps = await connection.exec_driver_sql(f"{explain} {statement}", parameters)
        return "\n".join(str(step[-1]) for step in steps)


@pytest.mark.parametrize(
    ("query", "index"), [("", "kept"), ("?unread=true", "unread"), ("?archived=true", "archived")], ids=str
)
async def test_a_list_follows_its_index(api: Api, runtime: Runtime, query: str, index: str) -> None:
    ada = await api.register("ada")
    with queries(runtime) as made:
        await inbox(ada, query)
    plan = await plan_of(runtime, made[-1])
    assert f"ix_notification_{index}" in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


async def test_whom_events_concern_is_asked_by_their_subjects(api: Api, runtime: Runtime) -> None:
    ada, bob = await api.register("ada"), await api.register("bob")
    project = await ada.create_project()
    await ada.add_member(project, bob)
    with queries(runtime) as made:
        await ada.create_task(project, "Fly", assignee_id=bob.id)
        await all_told(runtime)
    asked = [query for query in made if "subject_id IN" in query[0]]
    assert len(asked) >= 2  # whether, and whom
    for query in asked:
        assert "ix_notification_subject_id" in await plan_of(runtime, query)


async def test_the_count_follows_the_index_of_unread_entries(api: Api, runtime: Runtime) -> None:
    ada, bob = await api.register("ada"), await api.register("bob")
    await ada.add_member(await ada.create_project(), bob)
    await all_told(runtime)
    (entry,) = await inbox(bob)
    with queries(runtime) as made:
        await bob.patch(f"/notifications/{entry['id']}", {"read": True})
    (count,) = [query for query in made if "count(" in query[0]]
    # With one entry PostgreSQL may take any index of people. Now there are many that were read.
    async with runtime.transaction() as session:
        row = (await session.execute(select(NOTIFICATION))).mappings().one()
        await session.execute(
            insert(NOTIFICATION), [{**row, "id": new_id(), "subject_id": new_id()} for _ in range(500)]
        )
        await session.execute(text("ANALYZE notification"))
    assert "ix_notification_unread" in await plan_of(runtime, count)
