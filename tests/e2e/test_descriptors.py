"""A process that may open no more descriptors."""

import asyncio
import re
import sys
from pathlib import Path

import httpx
import pytest

from tests.conftest import Backend
from tests.support.server import Server

LIMIT = 64
LIMITED = (
    sys.executable,
    "-c",
    "import os, resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)); "
    "os.execv(sys.executable, [sys.executable, '-m', 'roomful', *sys.argv[1:]])",
    "serve",
    "--port",
)


@pytest.fixture
def backend() -> Backend:
    return "sqlite"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
async def test_reaching_the_limit_is_logged_once_and_counted(tmp_path: Path, environment: dict[str, str]) -> None:
    async with Server(tmp_path, environment, program=[*LIMITED, "{port}"]) as server:
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as scraper:
            assert "roomful_descriptors_exhausted_total 0.0" in (await scraper.get("/metrics")).text
            crowd = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(LIMIT)]
            async with asyncio.timeout(20):
                while "no descriptor is left" not in server.log:  # noqa: ASYNC110  # a file
                    await asyncio.sleep(0.05)
            for _, writer in crowd:
                writer.close()
            await server.wait_until_ready()
            metrics = await scraper.get("/metrics")
        found = re.search(r"roomful_descriptors_exhausted_total (\d+)", metrics.text)
        assert found is not None
        assert int(found[1]) > 0
        assert server.log.count("no descriptor is left") == 1
