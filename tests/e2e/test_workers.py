"""Several workers under one supervisor."""

from pathlib import Path

import psutil
import pytest

from tests.conftest import Backend
from tests.support.server import Server
from tests.support.valkey import Valkey


@pytest.fixture
def backend() -> Backend:
    """How workers end has nothing to do with what they keep their rows in."""
    return "sqlite"


@pytest.mark.timeout(150)
async def test_workers_end_with_a_killed_supervisor_and_free_its_port(
    environment: dict[str, str], valkey: Valkey, tmp_path: Path
) -> None:
    environment["ROOMFUL_REDIS_URL"] = valkey.url
    async with Server(tmp_path, environment, arguments=["--workers", "2"], start_seconds=60) as server:
        workers = psutil.Process(server.pid).children(recursive=True)
        assert len(workers) >= 2
        await server.kill()
        _, alive = psutil.wait_procs(workers, timeout=20)
        assert not alive
        await server.start()
