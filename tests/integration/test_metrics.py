"""What Prometheus sees."""

import httpx
import pytest
from pydantic import SecretStr

from server.settings import Settings
from tests.support.app import client_of, running_app


async def test_metrics_count_and_name_nobody(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "roomful_sockets 0.0" in answer.text
    assert "roomful_written_total 0.0" in answer.text


@pytest.mark.parametrize(("header", "status"), [("Bearer scrape-me", 200), ("Bearer wrong", 401), ("", 401)])
async def test_metrics_token_keeps_others_out(settings: Settings, header: str, status: int) -> None:
    guarded = settings.model_copy(update={"metrics_token": SecretStr("scrape-me")})
    async with running_app(guarded) as app, client_of(app) as client:
        answer = await client.get("/metrics", headers={"Authorization": header})
        assert answer.status_code == status
