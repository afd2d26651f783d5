"""The schema's migrations on every database."""

import asyncio
import importlib
import pkgutil
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, DateTime, String, bindparam, inspect, text

import roomful
from roomful.db import schema
from roomful.db.base import Base
from roomful.db.engine import Database
from roomful.settings import Settings
from tests.conftest import settings_for

# Every table is known to the metadata only when every feature's models have been imported.
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
    assert tables == set(Base.metadata.tables) | {"alembic_version"}


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


async def test_two_nodes_that_upgrade_at_once(database: Database, other_node: Database) -> None:
    async with asyncio.timeout(30), asyncio.TaskGroup() as nodes:
        nodes.create_task(schema.upgrade(database.engine))
        nodes.create_task(schema.upgrade(other_node.engine))
    assert await schema.current(database.engine) == newest_migration()


async def test_failed_migration_leaves_nothing_behind(database: Database) -> None:
    """What was made before the failure is rolled back, tables included."""
    with pytest.raises(RuntimeError, match="halfway"):
        async with database.engine.begin() as connection:
            await connection.run_sync(upgrade_and_fail)

    async with database.engine.connect() as connection:
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == []


async def test_check_constraints_of_models_and_migrations_agree(database: Database) -> None:
    """Alembic's comparison does not look at them."""
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
    """In whatever language the database sorts: a fractional index is not a word."""
    await schema.upgrade(database.engine)
    async with database.engine.connect() as connection:
        columns = await connection.run_sync(lambda sync: inspect(sync).get_columns("task"))
    [position] = [column["type"] for column in columns if column["name"] == "position"]
    assert isinstance(position, String)
    assert position.collation == "C"


def test_migrations_follow_each_other_in_the_order_of_their_names() -> None:
    assert [script.revision for script in migrations().walk_revisions()] == list(reversed(schema.known_revisions()))


async def test_a_database_from_the_future_is_left_alone(database: Database) -> None:
    await schema.upgrade(database.engine)
    async with database.engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'from the future'"))
    with pytest.raises(schema.CantMigrate, match="from the future"):
        await schema.upgrade(database.engine)


async def test_two_accounts_that_become_one_address_stay_two(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """The older one keeps it, whichever of the two was written in its one form."""
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
    return list(compare_metadata(context, Base.metadata))


def upgrade_and_fail(connection: Connection) -> None:
    schema.apply(connection)
    raise RuntimeError("halfway")
