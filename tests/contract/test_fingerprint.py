"""Fingerprints tell a database from its copy (server/roomful/db/fingerprint.py)."""

import shutil
from pathlib import Path

import pytest

from roomful.db.engine import Database
from roomful.db.fingerprint import fingerprint
from roomful.settings import Settings
from tests.conftest import Backend, settings_for
from tests.support.databases import PostgresqlDatabases


async def test_nodes_on_one_database_agree(settings: Settings) -> None:
    one, two = Database(settings), Database(settings)
    assert await fingerprint(one) == await fingerprint(two)
    await one.close()
    await two.close()


async def test_a_copy_differs(
    settings: Settings, backend: Backend, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    original = Database(settings)
    found = await fingerprint(original)
    await original.close()
    if backend == "sqlite":
        shutil.copy2(tmp_path / "roomful.db", tmp_path / "copy.db")
        copy = Database(settings_for(f"sqlite:///{tmp_path}/copy.db"))
        assert await fingerprint(copy) != found
        await copy.close()
    else:
        databases: PostgresqlDatabases = request.getfixturevalue("postgresql_databases")
        with databases.create(migrated=True) as url:
            copy = Database(settings_for(url))
            assert await fingerprint(copy) != found
            await copy.close()
