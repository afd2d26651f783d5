"""A wheel holds everything the server needs."""

import subprocess
from pathlib import Path
from zipfile import ZipFile

import httpx

from tests.conftest import environment_for
from tests.support.server import ROOT, Server
from tests.support.wheel import Installation

LEFT_OUT = {".c", ".pyc", ".so"}
"""C is compiled when the wheel is built, Python when it is installed."""


def test_it_holds_every_file_of_the_packages(installation: Installation) -> None:
    names = {name for name in ZipFile(installation.wheel).namelist() if not name.endswith("/")}
    for root, package in (("server", "roomful"), ("client_demo", "roomful_watch")):
        files = {path for path in (ROOT / root / package).rglob("*") if path.is_file() and path.suffix not in LEFT_OUT}
        assert {path.relative_to(ROOT / root).as_posix() for path in files} - names == set()
    assert {"roomful/py.typed", "roomful_watch/py.typed", "roomful/link/redis_rates.lua"} <= names


def test_it_installs_two_packages(installation: Installation) -> None:
    folders = {name.partition("/")[0] for name in ZipFile(installation.wheel).namelist()}
    assert {folder for folder in folders if not folder.endswith(".dist-info")} == {"roomful", "roomful_watch"}


def test_its_commands_run_the_installed_code(installation: Installation, tmp_path: Path) -> None:
    look = "import roomful, roomful_watch; print(roomful.__file__, roomful_watch.__file__)"
    python = installation.bin / "python"
    output = subprocess.check_output([python, "-c", look], cwd=tmp_path, env=installation.environment, text=True)
    assert all(Path(file).is_relative_to(installation.bin.parent) for file in output.split())
    for command in ("roomful", "roomful-watch"):
        subprocess.check_output([installation.bin / command, "--help"], cwd=tmp_path, env=installation.environment)


async def test_its_server_migrates_and_has_the_board_if_it_was_built(
    installation: Installation, tmp_path: Path
) -> None:
    environment = {**environment_for(f"sqlite:///{tmp_path}/roomful.db"), "PYTHONPATH": ""}
    program = (str(installation.bin / "roomful"), "serve", "--port", "{port}")
    async with (
        Server(tmp_path, environment, program=program) as server,
        httpx.AsyncClient(base_url=server.url, trust_env=False) as client,
    ):
        ada = await server.api.register("ada")
        assert (await ada.snapshot(await ada.create_project()))["tasks"] == []
        board = ROOT / "server" / "roomful" / "board" / "index.html"
        assert ("/assets/" in (await client.get("/")).text) == board.exists()
