"""Clients that leave before their socket is open."""

import asyncio
import logging

import pytest

from roomful.settings import Settings
from tests.conftest import Backend
from tests.support.app import serving
from tests.support.raw_socket import RawSocket

CLIENTS = 30


@pytest.fixture
def backend() -> Backend:
    return "sqlite"


@pytest.mark.parametrize("endpoint", ["client", "client with a ticket", "plain"])
@pytest.mark.parametrize("ending", ["reset", "close"])
async def test_a_client_that_leaves_during_the_handshake_is_no_error(
    settings: Settings, endpoint: str, ending: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="roomful")
    async with serving(settings) as live:
        ada = await live.api.register("ada")
        project = await ada.create_project()
        for number in range(CLIENTS):
            match endpoint:
                case "client":
                    path = f"/connection/websocket?token={ada.token}"
                case "plain":
                    path = f"/ws/projects/{project.id}?since=0&token={ada.token}"
                case _:
                    path = f"/connection/websocket?ticket={(await ada.post('/auth/ticket', expect=200))['ticket']}"
            async with RawSocket(live.port, path) as peer:
                peer.writer.write(peer.request())
                for _ in range(number % 6):  # this many turns of the loop into the handshake
                    await asyncio.sleep(0)
                if ending == "reset":
                    peer.reset()
        await ada.get("/auth/me")
    loud = [record.getMessage() for record in caplog.records if record.levelno > logging.DEBUG]
    assert set(loud) <= {"ready", "stopped", "slow request"}
    if endpoint != "client":
        # The shortest handshake awaits nothing, so a client can't leave too early.
        assert "the client left before it was answered" in caplog.text
