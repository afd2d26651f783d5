"""A server that is stopped while people type."""

import asyncio
import time

import pytest

from tests.support.document_clients import WIRES, DocumentClient, Wire
from tests.support.documents import create_document
from tests.support.server import Server
from tests.support.sockets import Closed


@pytest.mark.parametrize("wire", WIRES)
async def test_what_was_typed_before_the_stop_is_stored_and_acknowledged(server: Server, wire: Wire) -> None:
    ada = await server.api.register("ada")
    document = await create_document(ada, await ada.create_project())
    clients = [DocumentClient(server.socket_url, document, token=ada.token, wire=wire) for _ in range(10)]
    for client in clients:
        await client.connect()

    async def type_on(client: DocumentClient, mark: str) -> None:
        """Until the server closes."""
        try:
            while client.closed is None:
                await client.insert(mark)
                await asyncio.sleep(0.002)
        except (Closed, OSError):
            pass
        except Exception as error:  # of the library, when the socket closes meanwhile
            if "Connection" not in type(error).__name__:
                raise

    async with asyncio.TaskGroup() as tasks:
        for number, client in enumerate(clients):
            tasks.create_task(type_on(client, str(number)))
        await asyncio.sleep(0.5)
        began_at = time.monotonic()
        assert await server.terminate() == 0
        assert time.monotonic() - began_at < 8
    for client in clients:
        await client.expect_close(1012)
        assert client.stored > 0
    await server.start()
    async with DocumentClient(server.socket_url, document, token=ada.token, wire=wire) as reader:
        kept = str(reader.text)
    for number, client in enumerate(clients):
        # One confirmation is of the answer to the first SyncStep1.
        assert kept.count(str(number)) >= client.stored - 1
        assert kept.count(str(number)) <= client.sent
    for client in clients:
        await client.close()
    async with DocumentClient(server.socket_url, document, token=ada.token, wire=wire) as reader:
        for client in clients[:2]:
            await client.connect()  # each brings what was not stored
            await client.is_stored()
        typed = sum(str(clients[0].text).count(str(number)) for number in range(2))
        await reader.becomes(lambda: sum(str(reader.text).count(str(number)) for number in range(2)) == typed)
        for client in clients[:2]:
            await client.close()


async def test_typed_and_left_at_once(server: Server) -> None:
    """A browser whose tab is closed after the last letter."""
    ada = await server.api.register("ada")
    document = await create_document(ada, await ada.create_project())
    for number in range(10):
        client = DocumentClient(server.socket_url, document, token=ada.token)
        await client.connect()
        await client.insert(str(number))
        await client.close()
    assert await server.terminate() == 0
    await server.start()
    async with DocumentClient(server.socket_url, document, token=ada.token) as reader:
        await reader.becomes(lambda: len(str(reader.text)) == 10)
