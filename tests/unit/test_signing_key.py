"""The key that signs tokens, when no setting gives it."""

import asyncio
import stat
import sys
from pathlib import Path

import pytest

from roomful.environment import SettingsError
from roomful.settings import Settings, load_settings
from roomful.signing_key import signing_key
from tests.support.server import roomful_environment


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def settings_with(database_url: str) -> Settings:
    return load_settings(database_url=database_url)


def test_key_is_generated_once_beside_the_database(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    settings = settings_with("sqlite:///data/mine.db")

    key = signing_key(settings)

    path = tmp_path / "data" / "mine.key"
    assert path.read_text() == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(key.encode()) >= 32
    assert signing_key(settings) == key
    assert [entry.name for entry in path.parent.iterdir()] == ["mine.key"]


def test_key_beside_nothing_when_the_database_is_elsewhere(tmp_path: Path) -> None:
    key = signing_key(settings_with("postgresql://db/roomful"))
    assert (tmp_path / "roomful.key").read_text() == key


async def test_processes_that_start_at_once_agree_on_the_key(tmp_path: Path) -> None:
    program = (
        "from roomful.settings import load_settings\n"
        "from roomful.signing_key import signing_key\n"
        "input(); print(signing_key(load_settings()))"
    )
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program),
            cwd=tmp_path,
            env=roomful_environment({}),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(4)
    ]
    keys = set()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
    for process in processes:
        output, _ = await process.communicate()
        keys.add(output.decode().strip())
    assert len(keys) == 1
    assert keys == {(tmp_path / "roomful.key").read_text()}
    assert [entry.name for entry in tmp_path.iterdir()] == ["roomful.key"]


def test_short_key_in_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "roomful.key").write_text("changeme")
    with pytest.raises(SettingsError, match=r"roomful\.key"):
        signing_key(load_settings())


def test_unwritable_key_file_names_the_setting() -> None:
    with pytest.raises(SettingsError, match="ROOMFUL_SECRET_KEY"):
        signing_key(settings_with("sqlite:///nowhere/roomful.db"))
