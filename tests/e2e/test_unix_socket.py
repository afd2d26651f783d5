"""`roomful serve --uds`: a server for proxies on the same machine only."""

import json
import socket
import stat
from pathlib import Path

import pytest
from websockets.asyncio.client import unix_connect

from tests.conftest import Backend
from tests.support.server import Outcome, Server, run_command
from tests.support.valkey import Valkey


@pytest.fixture
def backend() -> Backend:
    return "sqlite"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "roomful.sock"


async def refused(tmp_path: Path, environment: dict[str, str], *arguments: str) -> Outcome:
    outcome = await run_command(["serve", *arguments], tmp_path, environment)
    assert outcome.exit_code != 0, outcome
    return outcome


async def test_rest_and_sockets_work_over_it(tmp_path: Path, path: Path, environment: dict[str, str]) -> None:
    async with Server(tmp_path, environment, uds=path) as server:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        assert f"unix:{path}" in server.log
        ada = await server.api.register("ada")
        project = await ada.create_project()
        address = f"ws://roomful.test/ws/projects/{project.id}?token={ada.token}"
        async with unix_connect(str(path), address) as socket_:
            await ada.create_task(project, "Pack")
            assert json.loads(await socket_.recv())["type"] == "task.created"


async def test_its_clients_are_trusted_proxies(tmp_path: Path, path: Path, environment: dict[str, str]) -> None:
    environment["ROOMFUL_RATE_LIMIT_REGISTRATION"] = "1"
    async with Server(tmp_path, environment, uds=path) as server:
        answers = [
            await server.api.http.post(
                "/api/v1/auth/register",
                json={"email": f"p{number}@example.test", "password": "correct horse battery", "name": "P"},
                headers={"X-Forwarded-For": address, "X-Forwarded-Proto": "https"},
            )
            for number, address in enumerate(("203.0.113.1", "203.0.113.1", "203.0.113.2"))
        ]
    assert [answer.status_code for answer in answers] == [201, 429, 201]
    assert all("Strict-Transport-Security" in answer.headers for answer in answers)


async def test_a_file_that_nobody_listens_on_is_replaced(
    tmp_path: Path, path: Path, environment: dict[str, str]
) -> None:
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    async with Server(tmp_path, environment, uds=path) as server:
        outcome = await refused(tmp_path, environment, "--uds", str(path))
        assert str(path) in outcome.errors
        assert await server.is_ready()
        await server.kill()
        await server.start()


async def test_workers_share_it(tmp_path: Path, path: Path, environment: dict[str, str], valkey: Valkey) -> None:
    environment["ROOMFUL_REDIS_URL"] = valkey.url
    async with Server(tmp_path, environment, uds=path, arguments=["--workers", "2"]) as server:
        ada = await server.api.register("ada")
        assert (await ada.get("/auth/me"))["id"] == ada.id


async def test_an_unusable_path_is_named(tmp_path: Path, environment: dict[str, str]) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("keep")
    for place in (file, tmp_path / "nowhere" / "x.sock", tmp_path / ("x" * 120)):
        outcome = await refused(tmp_path, environment, "--uds", str(place))
        assert (outcome.exit_code, outcome.errors.count("\n")) == (1, 1), outcome
        assert f"can't listen on {place}" in outcome.errors
    assert file.read_text() == "keep"


@pytest.mark.parametrize("arguments", [["--host", "::"], ["--port", "8000"], ["--demo"]], ids=" ".join)
async def test_it_needs_no_port(tmp_path: Path, path: Path, environment: dict[str, str], arguments: list[str]) -> None:
    outcome = await refused(tmp_path, environment, "--uds", str(path), *arguments)
    assert outcome.exit_code == 2
    assert "--uds" in outcome.errors
