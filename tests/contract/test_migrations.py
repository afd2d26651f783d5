"""The schema's migrations on every database."""

import asyncio
import importlib
import pkgutil
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, CheckConstraint, Connection, DateTime, String, bindparam, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

import roomful
from roomful.db import schema
from roomful.db.base import Base
from roomful.db.engine import Database
from roomful.projects.access import is_possible_id
from roomful.roomstore.compaction import Compactor
from roomful.settings import Settings
from tests.conftest import settings_for
from tests.support.rooms import PlainHooks, SqlRooms

# The metadata knows every table only once every feature's models are imported.
for module in pkgutil.walk_packages(roomful.__path__, "roomful."):
    if module.name.endswith(".models"):
        importlib.import_module(module.name)


@pytest.fixture
def settings(empty_database_url: str) -> Settings:
    return settings_for(empty_database_url)


@pytest.fixture
async def other_node(settings: Settings) -> AsyncIterator[Database]:
    """A second connection pool on the same database, as another node has one."""
    database = Database(settings)
    yield database
    await database.close()


async def test_up_from_empty(database: Database) -> None:
    assert await schema.current(database.engine) is None

    await schema.upgrade(database.engine)

    assert await schema.current(database.engine) == newest_migration()
    async with database.engine.connect() as connection:
        tables = set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))
    if database.is_sqlite:
        assert "search_words" in tables
    assert {name for name in tables if not is_of_search_words(name)} == set(Base.metadata.tables) | {"alembic_version"}


async def test_models_and_migrations_agree(database: Database) -> None:
    await schema.upgrade(database.engine)
    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_a_percent_sign_in_the_path_of_the_installation(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "100%(here)s 50%"
    await asyncio.to_thread(shutil.copytree, Path(schema.__file__).parent / "migrations", elsewhere)
    monkeypatch.setattr(schema, "_MIGRATIONS", elsewhere)

    await schema.upgrade(database.engine)

    assert await schema.current(database.engine) == newest_migration()


async def test_upgrading_again_changes_nothing(database: Database) -> None:
    await schema.upgrade(database.engine)
    await schema.upgrade(database.engine)
    assert await schema.current(database.engine) == newest_migration()


async def test_two_nodes_may_migrate_at_the_same_time(database: Database, other_node: Database) -> None:
    async with asyncio.timeout(30), asyncio.TaskGroup() as nodes:
        nodes.create_task(schema.upgrade(database.engine))
        nodes.create_task(schema.upgrade(other_node.engine))
    assert await schema.current(database.engine) == newest_migration()


async def test_failed_migration_leaves_nothing_behind(database: Database) -> None:
    """Everything before the failure is rolled back, tables included."""
    with pytest.raises(RuntimeError, match="halfway"):
        async with database.engine.begin() as connection:
            await connection.run_sync(upgrade_and_fail)

    async with database.engine.connect() as connection:
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == []


async def test_check_constraints_of_models_and_migrations_agree(database: Database) -> None:
    """Alembic's comparison ignores them."""
    await schema.upgrade(database.engine)
    async with database.engine.connect() as connection:
        migrated = await connection.run_sync(check_constraints)
    modelled = {
        constraint.name
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    assert migrated == modelled


@pytest.mark.parametrize("backend", ["postgresql"])  # SQLite knows no other order
async def test_order_keys_sort_by_their_bytes(database: Database) -> None:
    """In any collation of the database: a fractional index is not a word."""
    await schema.upgrade(database.engine)
    async with database.engine.connect() as connection:
        columns = await connection.run_sync(lambda sync: inspect(sync).get_columns("task"))
    [position] = [column["type"] for column in columns if column["name"] == "position"]
    assert isinstance(position, String)
    assert position.collation == "C"


def test_migrations_follow_each_other_in_the_order_of_their_names() -> None:
    assert [script.revision for script in migrations().walk_revisions()] == list(reversed(schema.known_revisions()))


async def test_a_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    await schema.upgrade(database.engine)
    async with database.engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'from the future'"))
    with pytest.raises(schema.CantMigrate, match="from the future"):
        await schema.upgrade(database.engine)


async def test_two_accounts_with_one_address_stay_separate(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """The older one keeps the address, whichever of the two was written in normal form."""
    stored = {
        "1": "jose\u0301@example.org",
        "2": "jos\u00e9@example.org",
        "3": "bob@b\u00fccher.example",
        "4": "bob@xn--bcher-kva.example",
        "5": "jos\u00e9@example.org.",
        "6": "ada@example.org",
        "7": "ada@-\u00fc.example",
        "8": "eve@b\u00fccher.example",
        "9": "jos\u00e9@example.org. (2)",
    }
    async with database.engine.begin() as connection:
        await connection.run_sync(schema.apply, "0001")
        for number, email in stored.items():
            await connection.execute(
                OLD_USER, {"id": number, "email": email, "at": datetime(2026, 1, int(number), tzinfo=UTC)}
            )

    await schema.upgrade(database.engine)

    async with database.engine.connect() as connection:
        rows = await connection.execute(text('SELECT id, email FROM "user" ORDER BY id'))
        assert {row.id: row.email for row in rows} == {
            "1": "jos\u00e9@example.org",
            "2": "jos\u00e9@example.org (2)",
            "3": "bob@xn--bcher-kva.example",
            "4": "bob@xn--bcher-kva.example (2)",
            "5": "jos\u00e9@example.org. (3)",
            "6": "ada@example.org",
            "7": "ada@-\u00fc.example",
            "8": "eve@xn--bcher-kva.example",
            "9": "jos\u00e9@example.org. (2)",
        }
    assert "3 accounts" in caplog.text
    assert "@" not in caplog.text


async def test_documents_come_to_a_filled_database_with_an_old_node_beside(database: Database) -> None:
    """Old rows stay, and a node that does not know documents deletes a project that has some."""
    async with database.engine.begin() as connection:
        await connection.run_sync(schema.apply, "0006")
        at = datetime(2026, 1, 1, tzinfo=UTC)
        await connection.execute(OLD_USER, {"id": "ada", "email": "ada@example.org", "at": at})
        for project in ("apollo", "gemini"):
            await connection.execute(OLD_PROJECT, {"id": project, "at": at})

    await schema.upgrade(database.engine)

    rooms = SqlRooms(database, PlainHooks(), Compactor(database))
    await rooms.create("plan")
    async with database.engine.begin() as connection:
        owners = (await connection.execute(text("SELECT project_id FROM document"))).scalars().all()
        await connection.execute(text("DELETE FROM project WHERE id = :id"), {"id": owners[0]})
        for table in ("document", "room", "room_state"):
            assert (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() == 0
        assert (await connection.execute(text("SELECT count(*) FROM project"))).scalar_one() == 1


async def test_the_trash_comes_to_a_filled_database_with_an_old_node_beside(database: Database) -> None:
    """Old tasks are not in the trash and old events in no history; an old node goes on making both."""
    async with database.engine.begin() as connection:
        await connection.run_sync(schema.apply, "0007")
        at = datetime(2026, 1, 1, tzinfo=UTC)
        await connection.execute(OLD_USER, {"id": "ada", "email": "ada@example.org", "at": at})
        await connection.execute(OLD_PROJECT, {"id": "apollo", "at": at})
        await connection.execute(
            text("INSERT INTO channel (name, epoch, head, floor) VALUES ('project:apollo', 'e', 1, 0)")
        )
        await make_task_as_before(connection, 1)

    await schema.upgrade(database.engine)

    async with database.engine.begin() as connection:
        await make_task_as_before(connection, 2)
        for table, column in (("task", "deleted_at"), ("event", "subject_id")):
            assert (await connection.execute(text(f"SELECT {column} FROM {table}"))).scalars().all() == [None, None]
        assert (await connection.execute(text("SELECT sum(length(body)) FROM event"))).scalar_one() == 4


async def make_task_as_before(connection: AsyncConnection, number: int) -> None:
    at = datetime(2026, 1, number, tzinfo=UTC)
    await connection.execute(OLD_TASK, {"id": f"t-{number}", "project": "apollo", "status": 10, "at": at})
    await connection.execute(OLD_EVENT, {"offset": number, "id": f"e-{number}", "at": at, "body": b"{}"})


async def test_columns_and_numbers_come_to_a_filled_database(database: Database) -> None:
    """In the order in which the tasks were made; positions of readers end, and their events stay."""
    async with database.engine.begin() as connection:
        await connection.run_sync(schema.apply, "0007")
        await fill_with_tasks(connection)

    await schema.upgrade(database.engine)

    async with database.engine.connect() as connection:
        projects = await connection.execute(text("SELECT id, key, task_number FROM project ORDER BY id"))
        assert [tuple(row) for row in projects] == [
            ("apollo", "APOLLO", 5),
            ("moon landing", "ML", 1),
            ("q", "TASK", 0),
        ]
        columns = await connection.execute(
            text("SELECT project_id, name, category FROM board_column ORDER BY project_id, position")
        )
        names = [("To do", 10), ("In progress", 20), ("Done", 30)]
        assert [tuple(row) for row in columns] == [
            (project, *column) for project in ("apollo", "moon landing", "q") for column in names
        ]
        assert await board_of(connection) == [
            ("moon landing", 1, "other", "To do"),
            ("apollo", 1, "t1", "Done"),
            ("apollo", 2, "t2", "In progress"),
            ("apollo", 3, "t3", "To do"),
            ("apollo", 4, "t4", "Done"),
            ("apollo", 5, "t5", "In progress"),
        ]
        channels = await connection.execute(text("SELECT name, epoch, head, floor FROM channel ORDER BY name"))
        epochs = {name: epoch for name, epoch, *rest in channels if rest == [7, 2]}
        assert epochs["user:ada"] == "old"
        assert len({epochs["project:apollo"], epochs["project:q"], "old"}) == 2


async def test_labels_of_tasks_become_labels_of_their_projects(database: Database) -> None:
    """As most tasks spell them; those of most tasks get colours of their own first."""
    worn = {
        "t1": ["Urgent", "fuel"],
        "t2": ["urgent", "fuel", "URGENT"],
        "t3": ["urgent", 'nächste "Woche"'],
        "t4": ["fuel"],
        "other": ["Fuel"],
    }
    async with database.engine.begin() as connection:
        await connection.run_sync(schema.apply, "0007")
        await fill_with_tasks(connection)
        for task, labels in worn.items():
            await connection.execute(LABEL_TASK, {"task": task, "labels": labels})
    async with database.engine.begin() as connection:
        await connection.run_sync(schema.apply, "0014")
        await connection.execute(text("UPDATE channel SET epoch = 'old'"))

    await schema.upgrade(database.engine)

    async with database.engine.connect() as connection:
        rows = await connection.execute(text("SELECT project_id, name, key, color, version, id FROM label"))
        found = sorted(map(tuple, rows))
        assert [row[:3] for row in found] == [
            ("apollo", "fuel", "fuel"),
            ("apollo", 'nächste "Woche"', 'nächste "woche"'),
            ("apollo", "urgent", "urgent"),
            ("moon landing", "Fuel", "fuel"),
        ]
        assert len({row[3] for row in found if row[0] == "apollo"}) == 3
        assert all(row[4] == 1 and is_possible_id(row[5]) for row in found)
        tasks = await connection.execute(TASK_LABELS)
        assert {row.id: row.labels for row in tasks if row.labels} == {
            "t1": ["urgent", "fuel"],
            "t2": ["urgent", "fuel"],
            "t3": ["urgent", 'nächste "Woche"'],
            "t4": ["fuel"],
            "other": ["Fuel"],
        }
        channels = await connection.execute(text("SELECT name, epoch FROM channel"))
        old = {name for name, epoch in channels if epoch == "old"}
        assert "user:ada" in old
        assert old.isdisjoint({"project:apollo", "project:q"})


async def test_an_old_node_goes_on_beside_one_that_knows_columns(database: Database) -> None:
    """It reads and writes rows as it always did; what it leaves out is completed."""
    async with database.engine.begin() as connection:
        await connection.run_sync(schema.apply, "0007")
        await fill_with_tasks(connection)
    await schema.upgrade(database.engine)

    at = datetime(2026, 2, 1, tzinfo=UTC)
    async with database.engine.begin() as connection:
        # A column of one's own comes first in its category, and holds a task that the old node doesn't touch.
        await connection.execute(
            text(
                "INSERT INTO board_column (id, project_id, name, category, position, version, created_at, updated_at) "
                "SELECT 'review', id, 'Review', 20, 'a05', 1, created_at, created_at FROM project WHERE id = 'apollo'"
            )
        )
        await connection.execute(OLD_PROJECT, {"id": "gemini", "at": at})
        await connection.execute(OLD_TASK, {"id": "new", "project": "gemini", "status": 30, "at": at})
        await connection.execute(OLD_TASK, {"id": "t6", "project": "apollo", "status": 20, "at": at})
        await connection.execute(text("UPDATE task SET status = 20, position = 'a9' WHERE id = 't1'"))
        await connection.execute(text("UPDATE task SET status = 20, title = 'x' WHERE id = 't2'"))
        await connection.execute(text("DELETE FROM task WHERE id = 't5'"))
        # A newer one moves a task, and gives its column another category.
        await connection.execute(text("UPDATE task SET status = 20, column_id = 'review' WHERE id = 't3'"))
    async with database.engine.connect() as connection:
        assert await board_of(connection) == [
            ("gemini", 1, "new", "Done"),
            ("moon landing", 1, "other", "To do"),
            ("apollo", 1, "t1", "Review"),
            ("apollo", 2, "t2", "In progress"),
            ("apollo", 3, "t3", "Review"),
            ("apollo", 4, "t4", "Done"),
            ("apollo", 6, "t6", "Review"),
        ]
        keys = await connection.execute(text("SELECT key, task_number FROM project WHERE id IN ('apollo', 'gemini')"))
        assert sorted(map(tuple, keys)) == [("APOLLO", 6), ("TASK", 1)]
        ids = await connection.execute(text("SELECT id FROM board_column WHERE project_id = 'gemini'"))
        assert all(is_possible_id(id_) for (id_,) in ids)
    async with database.engine.begin() as connection:
        await connection.execute(text("UPDATE board_column SET category = 30 WHERE id = 'review'"))
        await connection.execute(text("UPDATE task SET status = 30 WHERE column_id = 'review'"))
    async with database.engine.begin() as connection:
        assert [row[3] for row in await board_of(connection)].count("Review") == 3
        for project in ("apollo", "gemini"):
            await connection.execute(text("DELETE FROM project WHERE id = :id"), {"id": project})
        assert await board_of(connection) == [("moon landing", 1, "other", "To do")]


async def fill_with_tasks(connection: AsyncConnection) -> None:
    """Three projects of the version before, one with five tasks; their ids are their names."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    await connection.execute(OLD_USER, {"id": "ada", "email": "ada@example.org", "at": at})
    for project in ("apollo", "moon landing", "q"):
        await connection.execute(OLD_PROJECT, {"id": project, "at": at})
    for channel in ("project:apollo", "project:q", "user:ada"):
        await connection.execute(
            text("INSERT INTO channel (name, epoch, head, floor) VALUES (:name, 'old', 7, 2)"), {"name": channel}
        )
    for number, status in ((3, 10), (1, 30), (5, 20), (4, 30), (2, 20)):
        made = at + timedelta(days=number)
        await connection.execute(OLD_TASK, {"id": f"t{number}", "project": "apollo", "status": status, "at": made})
    await connection.execute(OLD_TASK, {"id": "other", "project": "moon landing", "status": 10, "at": at})


async def board_of(connection: AsyncConnection) -> list[tuple[object, ...]]:
    """The project, number, id and column of each task."""
    rows = await connection.execute(
        text(
            "SELECT task.project_id, task.number, task.id, board_column.name FROM task "
            "JOIN board_column ON board_column.id = task.column_id AND board_column.category = task.status "
            "ORDER BY task.id"
        )
    )
    return [tuple(row) for row in rows]


LABEL_TASK = text("UPDATE task SET labels = :labels WHERE id = :task").bindparams(bindparam("labels", type_=JSON))


TASK_LABELS = text("SELECT id, labels FROM task").columns(id=String, labels=JSON)


OLD_TASK = text(
    "INSERT INTO task (id, project_id, title, status, labels, position, version, created_by, created_at, updated_at) "
    "VALUES (:id, :project, 'Fly', :status, '[]', 'a0', 1, 'ada', :at, :at)"
).bindparams(bindparam("at", type_=DateTime(timezone=True)))


OLD_EVENT = text(
    'INSERT INTO event (channel, "offset", id, type, actor_id, at, body) '
    "VALUES ('project:apollo', :offset, :id, 'task.created', 'ada', :at, :body)"
).bindparams(bindparam("at", type_=DateTime(timezone=True)))


OLD_PROJECT = text(
    "INSERT INTO project (id, name, status, task_count, owner_id, version, created_at, updated_at) "
    "VALUES (:id, :id, 'active', 0, 'ada', 1, :at, :at)"
).bindparams(bindparam("at", type_=DateTime(timezone=True)))


OLD_USER = text(
    'INSERT INTO "user" (id, email, name, password_hash, role, is_active, created_at) '
    "VALUES (:id, :email, 'Somebody', '!', 'user', true, :at)"
).bindparams(bindparam("at", type_=DateTime(timezone=True)))


def migrations() -> ScriptDirectory:
    return ScriptDirectory(str(Path(schema.__file__).parent / "migrations"))


def newest_migration() -> str | None:
    return migrations().get_current_head()


def check_constraints(connection: Connection) -> set[str | None]:
    inspector = inspect(connection)
    return {check["name"] for name in inspector.get_table_names() for check in inspector.get_check_constraints(name)}


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    found = compare_metadata(context, Base.metadata)
    return [each for each in found if not is_only_unread(connection, each) and not is_full_text(each)]


def is_full_text(found: object) -> bool:
    """The search's own indices: SQLite's is several tables, PostgreSQL's is of a kind that SQLite lacks."""
    return (
        isinstance(found, tuple) and found[0] in ("remove_table", "remove_index") and is_of_search_words(found[1].name)
    )


def is_of_search_words(name: str) -> bool:
    return name.startswith("search_words") or name == "ix_search_entry_words"


def is_only_unread(connection: Connection, found: object) -> bool:
    """SQLAlchemy reads no ON DELETE of a foreign key that SQLite has added together with its column."""
    if connection.dialect.name != "sqlite" or not isinstance(found, tuple) or found[0] not in ("add_fk", "remove_fk"):
        return False
    key = found[1]
    keys = connection.execute(text(f"PRAGMA foreign_key_list({key.parent.name})")).all()
    column, referred, on_delete = key.column_keys[0], key.referred_table.name, key.ondelete or "SET NULL"
    return any((row[2], row[3], row[6]) == (referred, column, on_delete) for row in keys)


def upgrade_and_fail(connection: Connection) -> None:
    schema.apply(connection)
    raise RuntimeError("halfway")
